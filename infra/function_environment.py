"""Environments: what each function is told of the rest of the stack."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn

from infra.functions import Functions
from infra.storage import Storage


def set_environments(
    functions: Functions,
    *,
    storage: Storage,
    machine: sfn.StateMachine,
    providers: str,
    keep_days: int,
) -> None:
    """Tell each function what it asks for, as `functions.aws.settings` reads it."""
    f = functions
    arn = machine.state_machine_arn
    waits = storage.waits.table_name
    results = storage.results.bucket_name
    ledger = {"TABLE": storage.jobs.table_name, "KEEP_DAYS": str(keep_days)}
    _tell(f.intake, STATE_MACHINE=arn, PROVIDERS=providers)
    _tell(f.submit, PROVIDERS=providers, WAITS=waits, **ledger)
    _tell(f.check, PROVIDERS=providers, **ledger)
    _tell(f.download, PROVIDERS=providers, RESULTS_BUCKET=results)
    _tell(f.manifest, RESULTS_BUCKET=results)
    _tell(f.conclude, **ledger)
    _tell(f.listen, WAITS=waits)
    _tell(f.webhook, WAITS=waits, PROVIDERS=providers)
    _tell(f.prepare, PROVIDERS=providers)
    _tell(f.gather, PROVIDERS=providers, RESULTS_BUCKET=results)
    _tell(
        f.finalize_execution,
        TOPIC=storage.notices.topic_arn,
        RESULTS_BUCKET=results,
        **ledger,
    )
    _tell(
        f.api,
        INBOX_BUCKET=storage.inbox.bucket_name,
        RESULTS_BUCKET=results,
        STATE_MACHINE=arn,
        PROVIDERS=providers,
        **ledger,
    )


def _tell(function: lambda_.Function, **settings: str) -> None:
    for name, value in settings.items():
        function.add_environment(f"COURIER_{name}", value)
