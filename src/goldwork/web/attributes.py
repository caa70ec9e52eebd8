"""What people say of themselves, if they want to, and what groups of them answer differently."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import Controller, delete, get, post, put
from litestar.params import FromPath, JSONBody

from goldwork.services import attributes, groups
from goldwork.services.attributes import MAX_NAME, MAX_OPTION, MAX_TEXT, OPTIONS, AskedAttribute, PersonAttribute
from goldwork.services.groups import GroupFigures
from goldwork.services.jobs import Job
from goldwork.web.context import Request, for_member, now_ms
from goldwork.web.work import drawn

Name = Annotated[str, msgspec.Meta(max_length=MAX_NAME)]
Option = Annotated[str, msgspec.Meta(max_length=MAX_OPTION)]
Options = Annotated[list[Option], msgspec.Meta(max_length=OPTIONS[1])]
Words = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]


class Attributes(msgspec.Struct, frozen=True):
    """What the project asks, with one's own answers; `consent`: what one agrees to by answering."""

    consent: str
    attributes: list[AskedAttribute]


class NewAttribute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to ask people about themselves, what they may answer, and why it is asked. It cannot be changed later."""

    name: Name
    question: Words
    options: Options
    why: Words


class MyAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one says of oneself, and that one agrees."""

    value: Option
    agreed: Literal[True]


class AttributesController(Controller):
    """`/projects/{p}/attributes` and `/groups`."""

    tags = ("attributes",)

    @get("/projects/{project_id:int}/attributes", operation_id="listAttributes", opt=for_member("annotator"))
    async def index(self, request: Request) -> Attributes:
        """What the project asks, and what one said oneself."""
        return Attributes(attributes.consent(), await request.server.read(attributes.asked, request.member))

    @post(
        "/projects/{project_id:int}/attributes",
        operation_id="defineAttribute",
        opt=for_member("manager") | {"errors": (409,)},
    )
    async def define(self, request: Request, data: JSONBody[NewAttribute]) -> PersonAttribute:
        """Ask people something about themselves, which they may leave unanswered."""
        given = msgspec.structs.asdict(data)
        return await request.server.write(attributes.define, request.member, now_ms(), **given)

    @delete(
        "/projects/{project_id:int}/attributes/{attribute_id:int}",
        operation_id="removeAttribute",
        opt=for_member("manager"),
    )
    async def remove(self, request: Request, attribute_id: FromPath[int]) -> None:
        """Ask it no more: everybody's answers to it are deleted, and the figures of groups."""
        await request.server.write(attributes.remove, request.member, attribute_id)

    @put(
        "/projects/{project_id:int}/attributes/{attribute_id:int}/answer",
        operation_id="giveAttribute",
        status_code=204,
        opt=for_member("annotator"),
    )
    async def give(self, request: Request, attribute_id: FromPath[int], data: JSONBody[MyAnswer]) -> None:
        """Say it of oneself, and agree to what `consent` says."""
        server = request.server
        await server.write(attributes.answer, server.database, request.member, attribute_id, data.value, now_ms())

    @delete(
        "/projects/{project_id:int}/attributes/{attribute_id:int}/answer",
        operation_id="takeBackAttribute",
        opt=for_member("annotator"),
    )
    async def take_back(self, request: Request, attribute_id: FromPath[int]) -> None:
        """Delete one's answer, and the figures of groups that it may be in."""
        await request.server.write(attributes.take_back, request.member, attribute_id)

    @get("/projects/{project_id:int}/groups", operation_id="getGroups", opt=for_member("manager"))
    async def groups(self, request: Request, project_id: FromPath[int]) -> GroupFigures:
        """What groups answer differently: none of fewer than five people, and nobody's name."""
        fields = await request.server.current_fields(project_id)
        found = await request.server.read(groups.figures, project_id)
        return msgspec.structs.replace(
            found,
            attributes=[
                msgspec.structs.replace(
                    one,
                    questions=[
                        msgspec.structs.replace(
                            asked,
                            items=[
                                msgspec.structs.replace(of, fields=drawn(of.fields, fields, project_id))
                                for of in asked.items
                            ],
                        )
                        for asked in one.questions
                    ],
                )
                for one in found.attributes
            ],
        )

    @post(
        "/projects/{project_id:int}/groups",
        operation_id="compareGroups",
        status_code=202,
        opt=for_member("manager") | {"errors": (409,)},
    )
    async def compare(self, request: Request, project_id: FromPath[int]) -> Job:
        """Begin to compare the groups; a day after the last figures at the earliest."""
        server = request.server
        return await server.write(groups.start, server.database, project_id)
