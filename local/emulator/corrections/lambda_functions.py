"""Lambda functions under AWS' runtime client, with AWS' errors and limits."""

import base64
import contextlib
import io
import os
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local.emulator.environment import FunctionConfig
from local.emulator.pool import EnvironmentPool


@dataclass(frozen=True)
class _Host:
    pool: EnvironmentPool
    data: Path
    endpoint: str


_host: list[_Host] = []  # a single item, set before anything is served


def configure(*, limit: int, data: Path, endpoint: str) -> None:
    """Set the limit of environments, the directory of their code, and AWS' endpoint."""
    _host[:] = [_Host(EnvironmentPool(limit), data, endpoint)]


def runtime_client() -> None:
    """Run Python handlers under `awslambdaric`, in a bounded number of processes.

    AWS: reports a handler's exception by its class name, with message and stack
    trace, and keeps the environment. Retry and Catch rely on the name.
    Source: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
    MiniStack: calls every exception Runtime.HandlerError, ends the environment
    after it, lacks reserved variables, and starts a process per concurrent call.
    """
    other_runtimes = lambda_svc._execute_function_warm

    def execute(func: dict[str, Any], event: object, request_id: str) -> dict[str, Any]:
        config = func.get("config") or func
        if not str(config.get("Runtime", "")).startswith("python"):
            response: dict[str, Any] = other_runtimes(func, event, request_id)
            return response

        code = _unpack(func["code_zip"], config["CodeSha256"])
        function = FunctionConfig(
            arn=config["FunctionArn"],
            handler=config["Handler"],
            timeout=int(config.get("Timeout", 3)),
            code=code,
            variables=_variables(config, code),
        )
        trace_id = lambda_svc._xray_trace_id_for_invocation(config)
        with _host[0].pool.lease(function) as environment:
            result = environment.invoke(request_id, event, trace_id)

        error = {"error": True} if result.failed else {}
        return {"body": result.body, "log": result.log, **error}

    lambda_svc._execute_function_warm = execute


def throttled_task() -> None:
    """Report a throttled task as Lambda.TooManyRequestsException.

    AWS: Step Functions reports the exception of the Invoke API under this name,
    which the CDK's retries of service exceptions match.
    Source: https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html
    MiniStack: reports Lambda.Unknown.
    """
    execute = lambda_svc._execute_function_with_config_scope

    def call(func: dict[str, Any], event: object) -> dict[str, Any]:
        result: dict[str, Any] = execute(func, event)
        if result.get("throttle") and isinstance(result.get("body"), dict):
            # Only Step Functions reads the errorType of a throttled call.
            result["body"]["errorType"] = "Lambda.TooManyRequestsException"
        return result

    lambda_svc._execute_function_with_config_scope = call


def _variables(config: dict[str, Any], code: Path) -> dict[str, str]:
    """Return the function's variables, overridden by those that Lambda reserves.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    name = config["FunctionName"]
    logging = config.get("LoggingConfig") or {}
    _, region = lambda_runtime._account_region_from_function_config(config)
    own = (config.get("Environment") or {}).get("Variables") or {}
    as_json = {
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_LEVEL": logging.get("ApplicationLogLevel", "INFO"),
    }
    return {
        "AWS_ENDPOINT_URL": _host[0].endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "LANG": "en_US.UTF-8",
        "PATH": os.environ.get("PATH", os.defpath),
        "TMPDIR": tempfile.gettempdir(),
        "TZ": ":UTC",
        **{key: str(value) for key, value in own.items()},
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config['Runtime']}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.get("MemorySize", 128)),
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": config.get("Version", "$LATEST"),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": logging.get("LogGroup") or f"/aws/lambda/{name}",
        "AWS_REGION": region,
        "LAMBDA_TASK_ROOT": str(code),
        # The asset precedes the interpreter's packages, such as boto3.
        "PYTHONPATH": os.pathsep.join(filter(None, [str(code), own.get("PYTHONPATH")])),
        "PYTHONUNBUFFERED": "1",
        "_HANDLER": config["Handler"],
        **lambda_runtime.execution_credentials(config),
        **(as_json if logging.get("LogFormat") == "JSON" else {}),
    }


def _unpack(code_zip: bytes, digest: str) -> Path:
    """Return the directory of an asset, which all its environments share.

    `digest` is its SHA-256 in base64. To make it again at each call would take as long
    as all else that a call takes here.
    """
    target = _host[0].data / "code" / base64.b64decode(digest).hex()
    if not target.exists():
        target.parent.mkdir(exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=target.parent))
        with zipfile.ZipFile(io.BytesIO(code_zip)) as archive:
            archive.extractall(fresh)
        # When another call was faster, its complete copy stays.
        with contextlib.suppress(OSError):
            fresh.rename(target)
        shutil.rmtree(fresh, ignore_errors=True)
    return target
