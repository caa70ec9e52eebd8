"""Work in the background: how far it is, and ending it."""

from __future__ import annotations

import msgspec
from litestar import Controller, delete, get
from litestar.params import FromPath

from goldwork.services import jobs
from goldwork.services.jobs import Job
from goldwork.web.context import Request, for_member


class Jobs(msgspec.Struct, frozen=True):
    """A project's latest jobs, newest first."""

    jobs: list[Job]


class JobsController(Controller):
    """`/projects/{p}/jobs`."""

    tags = ("jobs",)

    @get("/projects/{project_id:int}/jobs", operation_id="listJobs", opt=for_member("manager"))
    async def index(self, request: Request, project_id: FromPath[int]) -> Jobs:
        """The project's latest jobs."""
        return Jobs(await request.server.read(jobs.list_jobs, project_id))

    @get("/projects/{project_id:int}/jobs/{job_id:int}", operation_id="getJob", opt=for_member("manager"))
    async def show(self, request: Request, project_id: FromPath[int], job_id: FromPath[int]) -> Job:
        """How far a job is."""
        return await request.server.read(jobs.find_job, project_id, job_id)

    @delete(
        "/projects/{project_id:int}/jobs/{job_id:int}",
        operation_id="cancelJob",
        status_code=200,
        opt=for_member("manager"),
    )
    async def cancel(self, request: Request, project_id: FromPath[int], job_id: FromPath[int]) -> Job:
        """Ask a job to end; an import that is cancelled leaves nothing."""
        server = request.server
        return await server.write(jobs.cancel, server.database, project_id, job_id)
