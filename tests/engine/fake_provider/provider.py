"""The provider protocol, answered from an account in memory.

Source: https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto
"""
# ruff: noqa: N802, ARG002 - the names and arguments of the methods are those of the protocol

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Self

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime import rpc
from pulumi.runtime.proto import plugin_pb2, provider_pb2, status_pb2
from pulumi.runtime.proto.provider_pb2_grpc import (
    ResourceProviderServicer,
    add_ResourceProviderServicer_to_server,
)

from simulation.fake_aws import computed, declared, planned
from tests.engine.fake_provider import http_api
from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.account import Account, Resource
from tests.engine.fake_provider.checks import checked, name_problems
from tests.engine.fake_provider.journal import CHANGES, INJECTED, Call, CallError, Fault, Op
from tests.engine.fake_provider.rejections import create_error, delete_error, error
from tests.engine.fake_provider.values import Props, changes, plain, received, sent, stated

VERSION = "7.51.1"
"""Of the provider that it replaces; the engine compares it with the program's."""
_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class FakeProvider(ResourceProviderServicer):
    """A provider named aws, with a journal, latencies and faults; it listens within `with`."""

    def __init__(self, account: Account | None = None) -> None:
        self.account = account or Account()
        self.journal: list[Call] = []
        self.latency: dict[str, float] = {}
        """Seconds that a create, update or delete takes, by type token."""
        self.faults: list[Fault] = []
        self.address = ""
        """Value for `PULUMI_DEBUG_PROVIDERS`, once started."""
        self.url = ""
        """Value for `AWS_ENDPOINT_URL`, once started."""
        self.asked = threading.Event()
        """Set by every call of the program itself."""
        self._changed = threading.Condition(threading.RLock())
        self._in_progress: list[str] = []
        self._paused = ""
        self._canceled = False
        self._regions: dict[str, str] = {}

    def __enter__(self) -> Self:
        for token in rt.TYPES:
            declared(token)  # it imports the SDK, which must not count as the time of a call
        # As many threads as the engine may call at once: its calls must not wait for each other.
        self._server = grpc.server(ThreadPoolExecutor(max_workers=256), options=_UNLIMITED)
        add_ResourceProviderServicer_to_server(self, self._server)
        self.address = f"aws:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()
        self._http_api = http_api.serve(self.account, self.asked)
        self.url = self._http_api.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.Cancel(None, None)
        self._server.stop(grace=None).wait()
        self._http_api.__exit__(None, None, None)

    def calls(self, *ops: Op) -> list[Call]:
        """The calls of these operations, in the order in which they ended."""
        return [call for call in self.journal if call.op in ops]

    def changes(self) -> list[Call]:
        """The calls that change something; a preview makes none."""
        return self.calls(*CHANGES)

    @contextmanager
    def paused(self, token: str) -> Iterator[Callable[[], bool]]:
        """Keep changes of a type from ending; afterwards, wait until all changes have ended.

        The function that it yields waits up to a second for such a change to begin, and returns
        whether one has.
        """

        def begun() -> bool:
            with self._changed:
                return self._changed.wait_for(lambda: token in self._in_progress, timeout=1)

        self._paused = token
        try:
            yield begun
        finally:
            with self._changed:
                self._paused = ""
                self._changed.notify_all()
                self._changed.wait_for(lambda: not self._in_progress)

    # Start

    def Handshake(self, request: Any, context: Any) -> Any:
        self._canceled = False
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=True, accept_outputs=True
        )

    def Attach(self, request: Any, context: Any) -> Any:
        return Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(self, request: Any, context: Any) -> Any:
        schema = json.dumps({"name": "aws", "version": VERSION})
        return provider_pb2.GetSchemaResponse(schema=schema)

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        found = changes(plain(received(request.old_inputs)), plain(received(request.news)))
        return _diff(found, {"region"} & found.keys())

    def Configure(self, request: Any, context: Any) -> Any:
        # Each provider resource has its own connection, so the peer selects the region.
        self._regions[context.peer()] = plain(received(request.args))["region"]
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=True, acceptOutputs=True
        )

    def Cancel(self, request: Any, context: Any) -> Any:
        with self._changed:
            self._canceled = True
            self._changed.notify_all()
        return Empty()

    # Resources

    def Check(self, request: Any, context: Any) -> Any:
        olds, news = received(request.olds), received(request.news)
        if request.type not in rt.TYPES:
            unknown = provider_pb2.CheckFailure(reason=f"not in TYPES: {request.type}")
            return provider_pb2.CheckResponse(failures=[unknown])
        region = self._regions[context.peer()]
        try:
            inputs = checked(request.type, request.name, request.randomSeed, olds, news, region)
            refused = [*name_problems(request.type, plain(inputs))]
        except ValueError as error:
            inputs, refused = news, [str(error)]
        failures = [provider_pb2.CheckFailure(property="name", reason=text) for text in refused]
        return provider_pb2.CheckResponse(inputs=sent(inputs), failures=failures)

    def Diff(self, request: Any, context: Any) -> Any:
        old, new = _before(request), plain(received(request.news))
        found = changes(old, new)
        forcing = rt.forced(request.type, old, new, set(found))
        # Two resources cannot have one name: if the program chose it, the bridge deletes first.
        generated = received(request.news).get("__defaults", [])
        named = "name" in new and "name" not in generated
        delete_first = named and rt.TYPES[request.type].name_length > 0 and "name" not in found
        return _diff(found, forcing, delete_first=bool(forcing) and delete_first)

    def Create(self, request: Any, context: Any) -> Any:
        inputs = received(request.properties)
        resource_type = rt.TYPES[request.type]
        if request.preview:
            unknown = dict.fromkeys(computed(request.type), rpc.UNKNOWN)
            outputs = planned(_outputs(inputs, unknown), rpc.UNKNOWN)
            return provider_pb2.CreateResponse(properties=sent(outputs))
        region = self._regions[context.peer()]

        def check() -> Resource:
            resource = self.account.build(request.type, request.urn, inputs, region)
            _raise(create_error(self.account, resource))
            return resource

        def create(fault: Fault | None) -> tuple[str, Props]:
            resource = check()
            if fault is not None:
                lost = inputs.keys() & set(resource_type.later[fault.step :])
                unsent = {key: rt.UNSENT[key] for key in lost & rt.UNSENT.keys()}
                kept = {key: value for key, value in inputs.items() if key not in lost}
                states = resource_type.states
                status = getattr(states, fault.ends) if states else ""
                resource = replace(resource, wrapped={**kept, **unsent}, status=status)
                if fault.ends == "failed":
                    resource.status_message = INJECTED
            self.account.add(resource)
            return resource.id, _outputs(inputs, resource.outputs)

        id, props = self._run("create", request, context, check, create)
        return provider_pb2.CreateResponse(id=id, properties=sent(props))

    def Update(self, request: Any, context: Any) -> Any:
        news = received(request.news)
        resource_type = rt.TYPES[request.type]
        found = changes(_before(request), plain(news))
        if request.preview:
            olds = received(request.olds)
            known = {key: olds[key] for key in computed(request.type) & olds.keys()}
            unknown = dict.fromkeys(resource_type.versions, rpc.UNKNOWN) if found else {}
            outputs = planned(_outputs(news, {**known, **unknown}), rpc.UNKNOWN)
            return provider_pb2.UpdateResponse(properties=sent(outputs))

        def update(fault: Fault | None) -> tuple[str, Props]:
            resource = self.account.resources.get((request.type, request.id))
            if resource is None:
                raise CallError(f"NotFoundException: {request.id} does not exist")
            # Only what changed is sent: a later call does not repeat what an earlier one lost.
            if found and fault is None:
                inputs = {key: v for key, v in resource.wrapped.items() if key not in found}
                kept = found.keys() | {"__defaults"}
                inputs |= {key: news[key] for key in kept & news.keys()}
                outputs = {
                    key: value + 1 if key in resource_type.versions else value
                    for key, value in resource.outputs.items()
                }
                resource = replace(resource, wrapped=inputs, outputs=outputs)
                _raise(error(self.account, resource))
                if request.type == rt.FLEET:
                    self.account.resize(resource, outputs["desiredCapacity"])
                self.account.resources[request.type, request.id] = resource
            # It reads back what AWS has, so a change by hand shows after one update.
            shown = resource.wrapped if fault is None else news
            return request.id, _outputs(shown, resource.outputs)

        _, props = self._run("update", request, context, lambda: None, update)
        return provider_pb2.UpdateResponse(properties=sent(props))

    def Delete(self, request: Any, context: Any) -> Any:
        def check() -> None:
            _raise(delete_error(self.account, request.type, request.id))

        def delete(_: Fault | None) -> tuple[str, Props]:
            check()
            if request.type != rt.REST_API_PUT:  # its delete does nothing in the real provider
                self.account.delete(request.type, request.id)
            return request.id, {}

        self._run("delete", request, context, check, delete)
        return Empty()

    def Read(self, request: Any, context: Any) -> Any:
        start = time.monotonic()
        with self._changed:
            resource = self.account.resources.get((request.type, request.id))
            self._log("read", request, start, "" if resource else "not found")
            if resource is None:
                return provider_pb2.ReadResponse()
            return provider_pb2.ReadResponse(
                id=resource.id,
                properties=sent(_outputs(resource.wrapped, resource.outputs)),
                inputs=sent(resource.wrapped),
            )

    def _run(
        self,
        op: Op,
        request: Any,
        context: Any,
        check: Callable[[], object],
        act: Callable[[Fault | None], tuple[str, Props]],
    ) -> tuple[str, Props]:
        """Fail at once if AWS would, else wait and act; every end is in the journal."""
        start = time.monotonic()
        partial: tuple[str, Props] | None = None
        with self._changed:
            self._in_progress.append(request.type)
            self._changed.notify_all()
            try:
                check()
                fault = self._fault(op, request.type)
                if self._wait(request.type):
                    # When canceled, the real provider has the id of a new resource, and saves it.
                    in_part = op == "create" and request.type not in rt.NEVER_IN_PART
                    fault = Fault(op, request.type, saved=in_part, ends="begun")
                if fault is None:
                    done = act(None)
                    self._log(op, request, start)
                    return done
                if fault.saved:
                    partial = act(fault)
                raise CallError(fault.message)
            except CallError as failure:
                self._log(op, request, start, str(failure))
                _abort(context, str(failure), partial)
                raise
            finally:
                self._in_progress.remove(request.type)
                self._changed.notify_all()

    def _wait(self, token: str) -> bool:
        """Let the time pass that a call takes; whether it was canceled meanwhile."""
        latency = self.latency.get(token, 0)
        return self._changed.wait_for(lambda: self._canceled, timeout=latency) or (
            self._changed.wait_for(lambda: self._canceled or self._paused != token)
            and self._canceled
        )

    def _fault(self, op: Op, token: str) -> Fault | None:
        """The fault for this call, which is then used up."""
        found = next((f for f in self.faults if (f.op, f.type) == (op, token)), None)
        if found is not None:
            self.faults.remove(found)
        return found

    def _log(self, op: Op, request: Any, start: float, error: str = "") -> None:
        end = time.monotonic()
        self.journal.append(Call(op, request.type, request.name, request.urn, start, end, error))


def _raise(message: str | None) -> None:
    if message is not None:
        raise CallError(message)


def _before(request: Any) -> Props:
    """The old values of all inputs, old and new.

    Like the bridge, it takes them from the state, not from the old inputs: after a failure that
    saved the wanted state, it finds no change.
    """
    given = received(request.old_inputs).keys() | received(request.news).keys()
    state = received(request.olds)
    before: Props = plain({key: value for key, value in state.items() if key in given})
    return before


def _outputs(inputs: Props, others: Props) -> Props:
    """All outputs: the inputs, what else AWS has, and what the bridge keeps for itself."""
    props: Props = {**others, **stated(inputs)}
    if "tags" in props and "tagsAll" in others:
        props["tagsAll"] = props["tags"]
    return {**props, "__meta": '{"schema_version":"1"}', "__pulumi_raw_state_delta": {}}


def _diff(
    found: dict[str, tuple[str, ...]], forcing: set[str], *, delete_first: bool = False
) -> Any:
    response = provider_pb2.DiffResponse
    names = {"+": "ADD", "-": "DELETE", "~": "UPDATE"}
    detail = {}
    for key, paths in found.items():
        for path in paths:
            name = names[path[0]] + ("_REPLACE" if key in forcing else "")
            kind = provider_pb2.PropertyDiff.Kind.Value(name)
            detail[path[1:]] = provider_pb2.PropertyDiff(kind=kind, inputDiff=True)
    return response(
        changes=response.DIFF_SOME if found else response.DIFF_NONE,
        diffs=sorted(found),
        replaces=sorted(forcing),
        detailedDiff=detail,
        hasDetailedDiff=True,
        deleteBeforeReplace=delete_first,
    )


def _abort(context: Any, message: str, partial: tuple[str, Props] | None) -> None:
    """Fail the call; a partial state is sent in the detail from which the engine saves it."""
    code = grpc.StatusCode.FAILED_PRECONDITION
    if partial is not None:
        id, props = partial
        detail = provider_pb2.ErrorResourceInitFailed(
            id=id, properties=sent(props), reasons=[message]
        )
        status = status_pb2.Status(code=code.value[0], message=message)
        status.details.add().Pack(detail)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, message)
