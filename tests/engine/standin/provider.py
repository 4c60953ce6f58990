"""The provider protocol, answered from a cloud in memory.

Source: https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto
"""
# ruff: noqa: N802, ARG002 - the names and arguments of the methods are those of the protocol

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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

from . import kinds as k
from .cloud import Cloud, Thing
from .journal import CHANGES, Call, Fault, Op, Refused
from .rules import refuses, refuses_create, refuses_delete
from .values import Props, changes, plain, received, sent

VERSION = "7.51.1"
"""Of the provider that it stands in for; the engine compares it with the program's."""
_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Standin(ResourceProviderServicer):
    """A provider named aws, with a journal, latencies and faults.

    with Standin() as aws:
        run("pulumi up", env={"PULUMI_DEBUG_PROVIDERS": aws.attach})
        assert aws.changes() == [...]
    """

    def __init__(self, cloud: Cloud | None = None) -> None:
        self.cloud = cloud or Cloud()
        self.journal: list[Call] = []
        self.latency: dict[str, float] = {}
        """Seconds that a create, update or delete takes, by type token."""
        self.faults: list[Fault] = []
        self.on_change: Callable[[Op, str], None] = lambda *_: None
        """Told operation and type token when a create, update or delete begins."""
        self.attach = ""
        """Value for `PULUMI_DEBUG_PROVIDERS`, once started."""
        self._lock = threading.RLock()
        self._settled = threading.Condition(self._lock)
        self._under_way = 0
        self._cancelled = threading.Event()
        self._regions: dict[str, str] = {}

    def __enter__(self) -> Self:
        # As many threads as the engine may call at once: its calls must not wait for each other.
        self._server = grpc.server(ThreadPoolExecutor(max_workers=256), options=_UNLIMITED)
        add_ResourceProviderServicer_to_server(self, self._server)
        self.attach = f"aws:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._cancelled.set()
        self._server.stop(grace=None).wait()

    def calls(self, *ops: Op) -> list[Call]:
        """The journal of these operations. A preview leaves diffs in it, but no changes."""
        return [call for call in self.journal if call.op in ops]

    def changes(self) -> list[Call]:
        """The journal of all that changes something."""
        return self.calls(*CHANGES)

    def settle(self) -> None:
        """Wait until no change is under way, although nobody may be waiting for its answer."""
        with self._settled:
            assert self._settled.wait_for(lambda: self._under_way == 0, timeout=60)

    # Start

    def Handshake(self, request: Any, context: Any) -> Any:
        self._cancelled.clear()
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
        # Each provider resource has a connection of its own: the peer tells whose region it is.
        self._regions[context.peer()] = plain(received(request.args))["region"]
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=True, acceptOutputs=True
        )

    def Cancel(self, request: Any, context: Any) -> Any:
        self._cancelled.set()
        return Empty()

    # Resources

    def Check(self, request: Any, context: Any) -> Any:
        olds, news = received(request.olds), received(request.news)
        kind = k.KINDS.get(request.type)
        if kind is None:
            unknown = provider_pb2.CheckFailure(reason=f"unknown to the stand-in: {request.type}")
            return provider_pb2.CheckResponse(failures=[unknown])
        if not request.type.startswith("aws:iam/"):
            news.setdefault("region", self._regions[context.peer()])
        news["__defaults"] = []
        if kind.name_length and not {"name", "namePrefix"} & news.keys():
            suffix = f"-{request.randomSeed.hex()[:7]}"
            kept = olds.get("name") if "name" in olds.get("__defaults", []) else None
            news["name"] = kept or request.name[: kind.name_length - len(suffix)] + suffix
            news["__defaults"] = ["name"]
        return provider_pb2.CheckResponse(inputs=sent(news))

    def Diff(self, request: Any, context: Any) -> Any:
        start = time.monotonic()
        old, new = _before(request), plain(received(request.news))
        found = changes(old, new)
        forcing = k.forced(request.type, old, new, set(found))
        # A name that was chosen and stays cannot be taken twice: the bridge then deletes first.
        named = "name" in new and "name" not in new["__defaults"]
        delete_first = named and k.KINDS[request.type].name_length > 0 and "name" not in found
        paths = [
            ("!" if key in forcing else "") + path for key, steps in found.items() for path in steps
        ]
        if paths:
            self._log("diff", request, start, tuple(paths))
        return _diff(found, forcing, delete_first=bool(forcing) and delete_first)

    def Create(self, request: Any, context: Any) -> Any:
        inputs = received(request.properties)
        kind = k.KINDS[request.type]
        if request.preview:
            unknown = dict.fromkeys(kind.outputs, rpc.UNKNOWN)
            return provider_pb2.CreateResponse(properties=sent(_outputs(inputs, unknown)))
        region = self._regions[context.peer()]

        def check() -> Thing:
            thing = self.cloud.make(request.type, request.urn, inputs, region)
            _raise(refuses_create(self.cloud, thing))
            return thing

        def create(fault: Fault | None) -> tuple[str, Props]:
            thing = check()
            if fault is not None:
                kept = {key: inputs[key] for key in inputs.keys() - kind.unfinished}
                thing = replace(thing, inputs=kept)
            self.cloud.store(thing)
            return thing.id, _outputs(inputs, thing.outputs)

        id, props = self._run("create", request, context, check, create)
        return provider_pb2.CreateResponse(id=id, properties=sent(props))

    def Update(self, request: Any, context: Any) -> Any:
        news = received(request.news)
        kind = k.KINDS[request.type]
        found = changes(_before(request), plain(news))
        if request.preview:
            olds = received(request.olds)
            known = {key: olds[key] for key in kind.outputs.keys() & olds.keys()}
            renewed = dict.fromkeys(kind.renewed, rpc.UNKNOWN) if found else {}
            outputs = _outputs(news, {**known, **renewed})
            return provider_pb2.UpdateResponse(properties=sent(outputs))

        def update(fault: Fault | None) -> tuple[str, Props]:
            stored = self.cloud.things.get((request.type, request.id))
            if stored is None:
                raise Refused(f"NotFoundException: {request.id} does not exist")
            # Only what changed is sent: what an earlier call lost is not brought by a later one.
            if found and fault is None:
                inputs = {key: v for key, v in stored.inputs.items() if key not in found}
                inputs |= {key: news[key] for key in found.keys() & news.keys()}
                outputs = {
                    key: value + 1 if key in kind.renewed else value
                    for key, value in stored.outputs.items()
                }
                stored = replace(stored, inputs=inputs, outputs=outputs)
                _raise(refuses(self.cloud, stored))
                self.cloud.things[request.type, request.id] = stored
            return request.id, _outputs(news, stored.outputs)

        paths = tuple(path for steps in found.values() for path in steps)
        _, props = self._run("update", request, context, lambda: None, update, paths)
        return provider_pb2.UpdateResponse(properties=sent(props))

    def Delete(self, request: Any, context: Any) -> Any:
        def check() -> None:
            _raise(refuses_delete(self.cloud, request.type, request.id))

        def delete(_: Fault | None) -> tuple[str, Props]:
            check()
            if request.type != k.REST_API_PUT:  # its delete does nothing in the real one either
                self.cloud.drop(request.type, request.id)
            return request.id, {}

        self._run("delete", request, context, check, delete)
        return Empty()

    def Read(self, request: Any, context: Any) -> Any:
        start = time.monotonic()
        with self._lock:
            thing = self.cloud.things.get((request.type, request.id))
            self._log("read", request, start, error="" if thing else "not found")
            if thing is None:
                return provider_pb2.ReadResponse()
            return provider_pb2.ReadResponse(
                id=thing.id,
                properties=sent(_outputs(thing.inputs, thing.outputs)),
                inputs=sent(thing.inputs),
            )

    def _run(
        self,
        op: Op,
        request: Any,
        context: Any,
        check: Callable[[], object],
        act: Callable[[Fault | None], tuple[str, Props]],
        changed: tuple[str, ...] = (),
    ) -> tuple[str, Props]:
        """Refuse at once what can be refused, else wait and act; every end is in the journal."""
        start = time.monotonic()
        with self._settled:
            self._under_way += 1
        self.on_change(op, request.type)
        partial: tuple[str, Props] | None = None
        try:
            with self._lock:
                check()
                fault = self._fault(op, request)
            if self._cancelled.wait(self.latency.get(request.type, 0)):
                # Told to stop while it waits, the real provider has the id already and saves it.
                half_made = op == "create" and request.type not in k.NEVER_HALF_MADE
                fault = Fault(op, request.type, saved=half_made, message="context canceled")
            with self._lock:
                if fault is None:
                    done = act(None)
                    self._log(op, request, start, changed)
                    return done
                if fault.saved:
                    partial = act(fault)
            raise Refused(fault.message)
        except Refused as refusal:
            self._log(op, request, start, changed, str(refusal))
            _abort(context, str(refusal), partial)
            raise
        finally:
            with self._settled:
                self._under_way -= 1
                self._settled.notify_all()

    def _fault(self, op: Op, request: Any) -> Fault | None:
        for fault in self.faults:
            if fault.op == op and fault.times > 0 and fault.subject in (request.type, request.name):
                fault.times -= 1
                return fault
        return None

    def _log(
        self, op: Op, request: Any, start: float, changed: tuple[str, ...] = (), error: str = ""
    ) -> None:
        end = time.monotonic()
        call = Call(op, request.type, request.name, request.urn, start, end, changed, error)
        with self._lock:
            self.journal.append(call)


def _raise(refusal: str | None) -> None:
    if refusal is not None:
        raise Refused(refusal)


def _before(request: Any) -> Props:
    """The old values of all inputs that were or are given.

    Like the bridge, it takes them from the state, not from the old inputs: after a failure that
    saved the wanted state, nothing seems to be left to do.
    """
    given = received(request.old_inputs).keys() | received(request.news).keys()
    state = received(request.olds)
    before: Props = plain({key: value for key, value in state.items() if key in given})
    return before


def _outputs(inputs: Props, computed: Props) -> Props:
    props = {key: value for key, value in inputs.items() if not key.startswith("__")}
    if "tags" in props:
        props["tagsAll"] = props["tags"]
    return {**computed, **props}


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
    """Fail the call; with a partial state, in the detail by which the engine saves it."""
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
