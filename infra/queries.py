"""Queries: what to ask the logs, saved in Logs Insights with the stack."""

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_logs as logs
from constructs import Construct

#: JOB_ID stands for the id that one looks for. An execution's events have it in the
#: name of the execution.
_STORY = """\
fields @timestamp, coalesce(message, type) as what, phase, next, wait_seconds, error,
  coalesce(location, details.name) as place
| filter ispresent(message) or ispresent(execution_arn)
| filter job_id = "JOB_ID" or execution_arn like "JOB_ID"
| sort @timestamp
| limit 1000
"""
_SLOWEST = """\
filter ispresent(JobSeconds)
| fields job_id, provider, type, outcome, JobSeconds, ChecksOfAJob, CostOfAJob
| sort JobSeconds desc
| limit 50
"""
_ERRORS = """\
filter ispresent(StepErrors) or ispresent(JobErrors)
| stats sum(StepErrors) as met, sum(JobErrors) as ended_jobs by provider, error
| sort ended_jobs desc, met desc
"""


class Queries(Construct):
    """The saved queries; `names` are what Logs Insights lists them under."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        log_groups: Sequence[logs.ILogGroup],
    ) -> None:
        super().__init__(scope, construct_id)
        folder = Stack.of(self).stack_name
        groups = [group.log_group_name for group in log_groups]
        self.names: list[str] = []
        for title, query in (
            ("A job's whole story", _STORY),
            ("Slowest jobs", _SLOWEST),
            ("Errors by name", _ERRORS),
        ):
            name = f"{folder}/{title}"
            logs.CfnQueryDefinition(
                self,
                title.replace("'s", "").title().replace(" ", ""),
                name=name,
                query_string=query,
                log_group_names=groups,
            )
            self.names.append(name)
