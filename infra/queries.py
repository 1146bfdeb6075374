"""Queries: save queries of the logs in Logs Insights."""

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_logs as logs
from constructs import Construct

#: The operator replaces JOB_ID by a job's id. Events of the state machine contain the
#: id only in the execution's ARN.
_HISTORY_OF_A_JOB = """\
fields @timestamp, coalesce(message, type) as event, phase, next, wait_seconds, error,
  coalesce(location, details.name) as place
| filter ispresent(message) or ispresent(execution_arn)
| filter job_id = "JOB_ID" or execution_arn like "JOB_ID"
| sort @timestamp
| limit 1000
"""
_SLOWEST_JOBS = """\
filter ispresent(JobSeconds)
| fields job_id, provider, type, outcome, JobSeconds, ChecksOfAJob, CostOfAJob
| sort JobSeconds desc
| limit 50
"""
_ERRORS_BY_NAME = """\
filter ispresent(StepErrors) or ispresent(JobErrors)
| stats sum(StepErrors) as in_steps, sum(JobErrors) as ended_jobs by provider, error
| sort ended_jobs desc, in_steps desc
"""


class Queries(Construct):
    """The saved queries; `names` are their names in Logs Insights."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        log_groups: Sequence[logs.ILogGroup],
    ) -> None:
        super().__init__(scope, construct_id)
        groups = [group.log_group_name for group in log_groups]
        self.names: list[str] = []
        for query_id, title, query in (
            ("AJobWholeStory", "History of a job", _HISTORY_OF_A_JOB),
            ("SlowestJobs", "Slowest jobs", _SLOWEST_JOBS),
            ("ErrorsByName", "Errors by name", _ERRORS_BY_NAME),
        ):
            name = f"{Stack.of(self).stack_name}/{title}"
            self.names.append(name)
            logs.CfnQueryDefinition(
                self, query_id, name=name, query_string=query, log_group_names=groups
            )
