"""Types of the CDK: what mypy reads instead of the CDK says the same, and less."""

from pathlib import Path

import pytest

from tools import cdk_types

START = "r'''\nclass InText:\n'''\nimport publication\n\n"
QUEUES = (
    START
    + """if typing.TYPE_CHECKING:

    import aws_cdk as _aws_cdk_1
    import aws_cdk.aws_kms as _kms_1
else:

    _kms_1 = _LazyImport("aws_cdk.aws_kms")


@jsii.implements(IQueue)
class Queue(
    _aws_cdk_1.Resource,
    metaclass=jsii.JSIIMeta,
    jsii_type="aws_sqs.Queue",
):
    '''A queue; see Unrelated.'''

    def __init__(
        self,
        scope: "_kms_1.Scope",
        *,
        kind: typing.Optional["Kind"] = None,
        keys: typing.Sequence["_kms_1.IKey"] = (),
    ) -> None:
        '''Make a queue.'''
        if __debug__:
            check(Unrelated)

    @builtins.property
    @jsii.member(jsii_name="name")
    @abc.abstractmethod
    def name(self) -> builtins.str:
        '''Its name.'''
        return jsii.get(self, "name")

@jsii.enum(jsii_type="aws-cdk-lib.aws_sqs.Kind")
class Kind(enum.Enum):
    '''A kind.'''

    FIFO = "FIFO"
    '''In order.'''

class Unrelated:
    '''Nobody names it.'''

typing.cast(typing.Any, Queue).__jsii_proxy_class__ = lambda : Unrelated

def _typecheckingstub__1(scope: Unrelated) -> None:
    pass
"""
)
SIGNATURES = """
class Queue(_aws_cdk_1.Resource, metaclass=jsii.JSIIMeta, jsii_type='aws_sqs.Queue'):

    def __init__(self, scope: '_kms_1.Scope', *, kind: typing.Optional['Kind']=..., \
keys: typing.Sequence['_kms_1.IKey']=...) -> None:
        ...

    @builtins.property
    @abc.abstractmethod
    def name(self) -> builtins.str:
        ...
"""
KEYS = (
    START
    + "class IKey:\n    pass\n\nclass Scope:\n    'A scope.'\n\nclass Key:\n    pass\n"
)
CORE = START + "class Resource:\n    '''A resource.'''\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a folder of packages, with a small CDK."""
    for module, code in (("", CORE), ("aws_sqs", QUEUES), ("aws_kms", KEYS)):
        folder = tmp_path / "site" / "aws_cdk" / module
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").write_text(code)
    return tmp_path / "site"


def stub(site: Path, folder: Path, module: str = "") -> str:
    """Return what is written about a module for a project that makes a queue."""
    stubs = cdk_types.Stubs(site)
    stubs.add([("aws_cdk.aws_sqs", "Queue")])
    stubs.write(folder)
    return (folder / "aws_cdk" / module / "__init__.pyi").read_text()


def test_signatures_are_those_of_the_cdk(site: Path, tmp_path: Path) -> None:
    """A type that is lost is a mistake that mypy does not find."""
    text = stub(site, tmp_path / "types", "aws_sqs")

    assert SIGNATURES in text
    assert "import aws_cdk.aws_kms as _kms_1\n" in text
    assert "class Kind(enum.Enum):\n    FIFO = 'FIFO'\n" in text


def test_only_what_is_mentioned_is_written(site: Path, tmp_path: Path) -> None:
    """All services of AWS are what mypy needs 3 GB for."""
    queues = stub(site, tmp_path / "types", "aws_sqs")
    keys = stub(site, tmp_path / "types", "aws_kms")

    assert "Unrelated" not in queues
    assert "InText" not in queues
    assert "class IKey:\n    pass\n" in keys
    assert "class Scope:\n    pass\n" in keys
    assert "class Key:" not in keys
    assert "class Resource:" in stub(site, tmp_path / "types")


def test_names_are_those_of_the_code(site: Path) -> None:
    """A class that is used and not written would be an error of mypy's."""
    code = (
        "from aws_cdk import Stack, aws_sqs as sqs\nfrom aws_cdk.aws_kms import Key\n"
        "from json import dumps\nsqs.Queue(dumps.x)\n"
    )

    assert set(cdk_types.names_used(code, site)) == {
        ("aws_cdk", "Stack"),
        ("aws_cdk.aws_kms", "Key"),
        ("aws_cdk.aws_sqs", "Queue"),
    }
    assert not list(cdk_types.names_used("import json\n", site))


def test_a_name_that_does_not_exist_is_left_to_mypy(site: Path, tmp_path: Path) -> None:
    """Mypy says where it is."""
    stubs = cdk_types.Stubs(site)
    stubs.add([("aws_cdk.aws_sqs", "Queu"), ("aws_cdk.aws_x", "Y")])
    stubs.write(tmp_path / "types")

    assert not list(tmp_path.rglob("*.pyi"))


def test_is_written_anew_when_the_code_names_another(
    site: Path, tmp_path: Path
) -> None:
    """Writing takes seconds, and each `make lint` asks."""
    code, folder = tmp_path / "infra" / "a.py", tmp_path / "types"
    code.parent.mkdir()
    code.write_text("from aws_cdk import aws_kms\naws_kms.Key\n")
    keys = folder / "aws_cdk" / "aws_kms" / "__init__.pyi"

    assert cdk_types.write(tmp_path, folder, site)
    assert not cdk_types.write(tmp_path, folder, site)
    assert "class Key:" in keys.read_text()

    code.write_text("from aws_cdk import aws_kms\naws_kms.Scope\n")
    assert cdk_types.write(tmp_path, folder, site)
    assert "class Key:" not in keys.read_text()
    assert "class Scope:" in keys.read_text()
