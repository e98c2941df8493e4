"""The cluster policy on DAG files that Airflow parses, and on tasks of every row of its table."""

from __future__ import annotations

import logging
import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from geogate.airflow.outbound import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow.dag_processing.dagbag import BundleDagBag

pytestmark = pytest.mark.usefixtures("airflow_home")

HEAD = """
from airflow.sdk import DAG, BaseOperator, task, task_group
from airflow.providers.common.io.operators.file_transfer import FileTransferOperator
from airflow.providers.smtp.operators.smtp import EmailOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator, ShortCircuitOperator
from geogate.airflow.operators import GateOperator, SendOperator

def gate(task_id="gate", **more):
    return GateOperator(task_id=task_id, dataset="/x", recipient="y", destination="z", **more)

def send(task_id="send", **more):
    return FileTransferOperator(task_id=task_id, src="/x", dst="s3://partner/x", **more)

"""


@pytest.fixture
def parsed(tmp_path: Path) -> Callable[..., BundleDagBag]:
    """Parse DAG files as the DAG processor and the workers do."""

    def parse(body: str, *, name: str = "export", head: str = HEAD) -> BundleDagBag:
        from airflow.dag_processing.dagbag import BundleDagBag

        block = textwrap.indent(textwrap.dedent(body), "    ")
        (tmp_path / "dag.py").write_text(f"{head}\nwith DAG({name!r}, schedule=None):\n{block}\n")
        return BundleDagBag(dag_folder=tmp_path, bundle_path=tmp_path, bundle_name="test")

    return parse


@pytest.fixture
def mode(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let this process have started with a mode, or with places of the organisation's own."""
    from geogate.airflow import surroundings

    def started(name: str = "enforce", *, internal: tuple[str, ...] = ()) -> None:
        now = surroundings.Surroundings(mode=surroundings.Mode.named(name), internal=internal)
        monkeypatch.setattr(surroundings, "AT_START", now)

    return started


def said(bag: BundleDagBag) -> str:
    """Give what a refused file was refused for."""
    assert bag.dags == {}
    (message,) = bag.import_errors.values()
    return str(message)


@pytest.mark.parametrize(
    "body",
    [
        "gate() >> send()",
        "gate() >> [send('a'), send('b')]",
        "gate() >> FileTransferOperator.partial(task_id='send', src='/x').expand(dst=['s3://a/b'])",
        "GateOperator.partial(task_id='g', recipient='y', destination='z').expand(dataset=['/x']) >> send()",
        "BranchPythonOperator(task_id='b', python_callable=str) >> [first := gate(), last := send()]\nfirst >> last",
        "ShortCircuitOperator(task_id='b', python_callable=bool) >> gate() >> send()",
        "SendOperator(task_id='send', clearance=gate().output)",
        "@task_group\ndef each(x):\n    gate() >> send()\neach.expand(x=[1, 2])",
        "EmailOperator(task_id='m', to='a@example.org', subject='done', html_content='done')",
        "@task\ndef f(): pass\nf()",
    ],
)
def test_a_dag_whose_data_leaves_after_a_gate_or_not_at_all_is_loaded(
    parsed: Callable[..., BundleDagBag], body: str
) -> None:
    bag = parsed(body)

    assert bag.import_errors == {}
    assert list(bag.dags) == ["export"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("send()", "task 'send' (FileTransferOperator) sends to s3://partner/x with no gate directly before it"),
        ("gate() >> EmptyOperator(task_id='between') >> send()", "no gate directly before it"),
        ("send() >> gate()", "no gate directly before it"),
        ("gate() >> send('a')\nsend('b')", "task 'b'"),
        ("EmptyOperator(task_id='gate') >> send()", "no gate directly before it"),
        ("gate().as_teardown() >> send()", "no gate directly before it"),
        ("gate() >> send(trigger_rule='none_failed')", "trigger_rule='none_failed', and so could run although 'gate'"),
        ("gate() >> send().as_teardown()", "trigger_rule='all_done_setup_success'"),
        ("send().as_setup() >> EmptyOperator(task_id='work')", "no gate directly before it"),
        ("FileTransferOperator.partial(task_id='t', src='/x').expand(dst=['a'])", "only known when it runs"),
        ("FileTransferOperator(task_id='t', src='/x', dst='{{ params.x }}')", "sends to {{ params.x }}"),
        ("@task\ndef where(): return 's3://a/b'\nFileTransferOperator(task_id='t', src='/x', dst=where())", "task 't'"),
        ("EmailOperator(task_id='m', to='a@example.org', subject='s', html_content='h', files=['/x'])", "mailto:a@ex"),
        ("@task_group\ndef each(x):\n    send()\neach.expand(x=[1, 2])", "task 'each.send'"),
        (
            "gate() >> FileTransferOperator.partial(task_id='t', src='/x', trigger_rule='all_done').expand(dst=['a'])",
            "trigger_rule='all_done'",
        ),
    ],
)
def test_a_dag_in_which_data_could_leave_past_a_gate_is_refused(
    parsed: Callable[..., BundleDagBag], body: str, why: str
) -> None:
    message = said(parsed(body))

    assert "geogate: DAG 'export' could send data past the gate" in message
    assert why in message


def test_a_class_that_calls_itself_a_gate_is_none(parsed: Callable[..., BundleDagBag]) -> None:
    head = f"{HEAD}\nclass GateOperator(BaseOperator):\n    pass\n"

    assert "no gate directly before it" in said(parsed("GateOperator(task_id='gate') >> send()", head=head))


@pytest.mark.parametrize(
    "kind",
    [
        "class Mine(FileTransferOperator): pass",
        "class Mine(FileTransferOperator):\n    def __init__(self, **k): super().__init__(src='a', dst='b', **k)",
        "class LocalFilesystemToS3Operator(BaseOperator): pass\nclass Mine(LocalFilesystemToS3Operator): pass",
        "class S3ToSFTPOperator(BaseOperator): pass\nMine = S3ToSFTPOperator",
        "class GCSFileTransformOperator(BaseOperator): pass\nMine = GCSFileTransformOperator",
        "class OSSUploadObjectOperator(BaseOperator): pass\nMine = OSSUploadObjectOperator",
        "class CloudDataTransferServiceRunJobOperator(BaseOperator): pass\nMine=CloudDataTransferServiceRunJobOperator",
        "class SlackAPIFileOperator(BaseOperator): pass\nMine = SlackAPIFileOperator",
        "class GCSToSFTPOperator(BaseOperator):\n    operator_class = BaseOperator\nMine = GCSToSFTPOperator",
        "class HdfsToAzureBlobOperator(BaseOperator): pass\nMine = HdfsToAzureBlobOperator",
        "class Mine(BaseOperator): pass\nMine.__module__ = 'some.provider.transfers.to_moon'",
    ],
)
def test_subclasses_namesakes_and_unknown_transfers_send_too(parsed: Callable[..., BundleDagBag], kind: str) -> None:
    arguments = "" if "__init__" in kind or "BaseOperator" in kind else ", src='a', dst='b'"

    assert "task 't'" in said(parsed(f"Mine(task_id='t'{arguments})", head=f"{HEAD}\n{kind}\n"))


def test_what_a_mapped_subclass_fills_is_unknown(
    parsed: Callable[..., BundleDagBag], mode: Callable[..., None]
) -> None:
    mode(internal=("s3:///x",))
    mine = """
class SFTPOperator(BaseOperator):
    def __init__(self, *, remote_filepath, remote_host="", operation="put", **more):
        super().__init__(**more)

class Mine(SFTPOperator):
    def __init__(self, *, remote_filepath, x=None, **more):
        super().__init__(remote_filepath=remote_filepath, remote_host="partner", **more)
"""
    body = "Mine.partial(task_id='t', remote_filepath='/x').expand(x=['a'])"

    assert "sends to sftp://<only known when it runs>/x" in said(parsed(body, head=f"{HEAD}\n{mine}\n"))


def test_one_refused_dag_does_not_take_the_others_of_its_file_with_it(parsed: Callable[..., BundleDagBag]) -> None:
    head = f"{HEAD}\nwith DAG('other', schedule=None):\n    EmptyOperator(task_id='t')\n"

    bag = parsed("send()", head=head)

    assert list(bag.dags) == ["other"]
    assert len(bag.import_errors) == 1


def test_the_message_says_what_to_write(parsed: Callable[..., BundleDagBag]) -> None:
    assert (
        "write  gate = GateOperator(task_id='gate', dataset=..., recipient=..., destination=...)  and  gate >> send"
        in (said(parsed("send()")))
    )


@pytest.mark.parametrize(("name", "loaded"), [("off", True), ("warn", True), ("enforce", False), ("of", False)])
def test_what_is_no_mode_enforces(
    parsed: Callable[..., BundleDagBag], mode: Callable[..., None], name: str, *, loaded: bool
) -> None:
    mode(name)

    assert bool(parsed("send()").dags) is loaded


def test_a_mode_that_warns_says_what_it_would_refuse(
    parsed: Callable[..., BundleDagBag], mode: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    mode("warn")
    with caplog.at_level(logging.WARNING, logger="geogate.airflow.policy"):
        parsed("send()")

    assert "no gate directly before it" in caplog.text


def test_an_end_that_runs_whatever_happened_is_warned_of(
    parsed: Callable[..., BundleDagBag], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="geogate.airflow.policy"):
        bag = parsed("gate() >> send() >> EmptyOperator(task_id='report', trigger_rule='all_done')")

    assert list(bag.dags) == ["export"]
    assert "will look successful although a gate refused" in caplog.text


@pytest.mark.parametrize(
    ("place", "pattern", "loaded"),
    [
        ("dst='s3://lake/{{ ds }}/x'", "s3://lake/*", True),
        ("dst='s3://lakeside/x'", "s3://lake/*", False),
        ("dst='s3://lake/../partner/x'", "s3://lake/*", False),
        ("dst='s3://lake/x', dest_conn_id='other'", "s3://lake/*", False),
        ("dst='s3://lake/x', dest_conn_id='other'", "s3://lake/* via other", True),
        ("dst='s3://other@lake/x'", "s3://lake/*", False),
        ("dst='{{ params.x }}'", "s3://lake/*", False),
    ],
)
def test_places_of_the_organisation_need_no_gate(
    parsed: Callable[..., BundleDagBag], mode: Callable[..., None], place: str, pattern: str, *, loaded: bool
) -> None:
    mode(internal=(pattern,))

    assert bool(parsed(f"FileTransferOperator(task_id='t', src='/x', {place})").dags) is loaded


def test_a_task_that_sends_carries_the_check_to_the_worker_whatever_its_place(
    parsed: Callable[..., BundleDagBag], mode: Callable[..., None]
) -> None:
    from geogate.airflow.outgoing import class_of

    mode(internal=("s3://partner/*",))
    mapped = "FileTransferOperator.partial(task_id='mapped', src='/x').expand(dst=['a'])"
    tasks = parsed(f"send('internal')\ngate() >> [send('plain'), {mapped}]").dags["export"].task_dict

    checks = {name: vars(class_of(task))["execute"].__wrapped__.__module__ for name, task in tasks.items()}
    assert checks == {
        "internal": "geogate.airflow.guard",
        "plain": "geogate.airflow.guard",
        "mapped": "geogate.airflow.guard",
        "gate": "geogate.airflow.operators",
    }


def test_a_task_that_sends_is_never_started_by_the_triggerer(parsed: Callable[..., BundleDagBag]) -> None:
    head = f"{HEAD}\nclass Early(FileTransferOperator):\n    start_from_trigger = True\n"
    bag = parsed("gate() >> Early(task_id='send', src='/x', dst='{{ params.x }}')", head=head)

    assert bag.dags["export"].task_dict["send"].start_from_trigger is False


def executed(*bases: type, **namespace: Any) -> Any:
    """Execute a guarded task of a class of one's own, which is called SFTPOperator."""
    from airflow.sdk import BaseOperator

    from geogate.airflow.guard import guard

    kind: Any = type("SFTPOperator", (*bases, BaseOperator), namespace)
    task = kind(task_id="t")
    guard(task)
    execute = type(task).execute
    return getattr(execute, "__wrapped__", execute)(task, {})


def test_a_task_that_fetches_may_make_its_hook_and_may_not_begin_to_send(
    mode: Callable[..., None],
) -> None:
    from geogate.airflow.failures import StoppedError

    mode()
    fields = {"operation": "get", "remote_filepath": "/x", "local_filepath": "/y", "sftp_hook": None}

    def fetches(self: Any, context: Any) -> str:
        del context
        self.sftp_hook = object()
        return "fetched"

    def sends(self: Any, context: Any) -> None:
        del context
        self.operation = "put"

    assert executed(**fields, execute=fetches) == "fetched"
    with pytest.raises(StoppedError, match="changed its own 'operation'"):
        executed(**fields, execute=sends)


def test_a_class_that_calls_itself_checked_or_was_made_of_a_checked_one_is_checked() -> None:
    from airflow.sdk import BaseOperator

    from geogate.airflow.guard import guarded

    base = type("SFTPOperator", (BaseOperator,), {"_geogate_guarded": True})
    once = guarded(base)
    own = type("Own", (once,), {})

    assert once is not base
    assert guarded(once) is once
    assert guarded(own) is not own


class Odd:
    """A task that answers nothing as it should."""

    task_id = "odd"

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


def test_a_task_that_cannot_be_looked_at_is_refused_if_its_class_sends_and_passed_over_if_not() -> None:
    from geogate.airflow.policy import dag_policy, refusals, task_policy

    sends = type("SFTPOperator", (Odd,), {})()
    dag_policy(type("Dag", (), {"dag_id": "other", "tasks": [Odd()]})())
    task_policy(Odd())

    assert refusals([Odd()]) == ()
    assert len(refusals([sends])) == 1


@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_row_is_about_fields_and_its_places_are_read(name: str) -> None:
    from geogate.airflow.outgoing import UNKNOWN, outgoing

    row = TABLE[name]
    kind = type(name, (), {})
    task = kind()
    empty = outgoing(task)
    fields = [part.split("}")[0].removesuffix("?") for part in row.to.split("{")[1:]]
    for field in fields:
        setattr(task, field, f"<{field}>")
    if row.harmless is not None:
        setattr(task, row.harmless[0], "{{ something }}")
    found = outgoing(task)

    assert found is not None
    assert found.places == (row.to.translate(str.maketrans("{}", "<>", "?")),)
    assert UNKNOWN not in found.place
    assert empty is None or UNKNOWN in empty.place or all("?" in part for part in row.to.split("{")[1:])


@pytest.mark.parametrize(
    ("name", "fields", "leaves"),
    [
        ("SFTPOperator", {"operation": "get", "remote_filepath": "/x"}, False),
        ("SFTPOperator", {"operation": "put", "remote_filepath": "/x"}, True),
        ("SFTPOperator", {"operation": "{{ params.o }}", "remote_filepath": "/x"}, True),
        ("FTPSFileTransmitOperator", {"remote_filepath": "/x"}, True),
        ("HttpOperator", {"method": "GET", "endpoint": "x"}, False),
        ("HttpOperator", {"endpoint": "x"}, True),
        ("HttpOperator", {"method": "put", "endpoint": "x"}, True),
        ("HttpSensor", {"endpoint": "x"}, False),
        ("HttpSensor", {"method": "POST", "endpoint": "x"}, True),
        ("MSGraphAsyncOperator", {"url": "me"}, False),
        ("MSGraphAsyncOperator", {"method": "PUT", "url": "me/drive/root:/x:/content"}, True),
        ("EmailOperator", {"to": "x", "files": []}, False),
        ("EmailOperator", {"to": "x", "files": "{{ ti.xcom_pull() }}"}, True),
        ("GCSToLocalFilesystemOperator", {}, False),
    ],
)
def test_what_only_fetches_does_not_send(name: str, fields: dict[str, Any], *, leaves: bool) -> None:
    from geogate.airflow.outgoing import outgoing

    task = type(name, (), {"__module__": "airflow.providers.any.transfers.x"})()
    for field, value in fields.items():
        setattr(task, field, value)

    assert (outgoing(task) is not None) is leaves


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"dest_bucket": "b", "dest_key": "k"}, "s3://b/k"),
        ({"dest_bucket": None, "dest_key": "s3://b/k"}, "s3://b/k"),
        ({"dest_bucket": "b", "dest_key": "k", "aws_conn_id": "aws_default"}, "s3://b/k"),
        ({"dest_bucket": "b", "dest_key": "k", "aws_conn_id": "mine"}, "s3://b/k via mine"),
        ({"dest_bucket": object(), "dest_key": "k"}, "s3://<only known when it runs>/k"),
    ],
)
def test_a_place_is_a_connection_and_a_path(fields: dict[str, Any], place: str) -> None:
    from geogate.airflow.outgoing import outgoing

    task = type("LocalFilesystemToS3Operator", (), fields)()
    found = outgoing(task)

    assert found is not None
    assert found.place == place


@pytest.mark.parametrize("odd", [{"gzip": True}, {"acl_policy": "public-read"}, {"gzip": "{{ x }}"}])
def test_what_changes_the_bytes_or_opens_them_is_never_internal(odd: dict[str, Any]) -> None:
    from geogate.airflow.outgoing import is_internal, outgoing

    fields = {"dest_bucket": "b", "dest_key": "k", "gzip": False, "acl_policy": "private"}
    plain = outgoing(type("LocalFilesystemToS3Operator", (), fields)())
    opened = outgoing(type("LocalFilesystemToS3Operator", (), {**fields, **odd})())

    assert plain is not None
    assert opened is not None
    assert is_internal(plain, ("s3://b/*",))
    assert not is_internal(opened, ("s3://b/*",))


def test_the_policy_is_read_once_and_before_any_dag_file(monkeypatch: pytest.MonkeyPatch) -> None:
    from geogate.airflow import surroundings

    before = surroundings.AT_START
    monkeypatch.setenv("AIRFLOW__GEOGATE__OUTBOUND_POLICY", "off")
    monkeypatch.setenv("AIRFLOW__GEOGATE__INTERNAL_DESTINATIONS", "s3://a/*, s3://b/*\ns3://c/*")

    assert surroundings.AT_START is before
    assert surroundings.Surroundings.read() == replace(
        before, mode=surroundings.Mode.OFF, internal=("s3://a/*", "s3://b/*", "s3://c/*")
    )


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        ("gate() >> send()", 0, "1 DAGs, 0 tasks refused, 0 files broken"),
        ("send('a')\nsend('b')", 11, "1 DAGs, 2 tasks refused, 0 files broken"),
        ("raise ValueError('x')", 3, "0 DAGs, 0 tasks refused, 1 files broken"),
        ("gate() >> EmptyOperator(task_id='end', trigger_rule='all_done')", 0, "make it a teardown"),
    ],
)
def test_dag_files_are_checked_before_they_are_deployed(
    parsed: Callable[..., BundleDagBag],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    body: str,
    code: int,
    line: str,
) -> None:
    from geogate.airflow.check import main

    parsed(body)

    assert main([str(tmp_path)]) == code
    assert line in capsys.readouterr().out


def test_a_folder_without_dags_is_no_success(tmp_path: Path) -> None:
    from geogate.airflow.check import main

    assert main([str(tmp_path)]) == 3
    assert main([str(tmp_path / "nothing")]) == 2
