"""Every job, the explicit list; a new one is a file here and a line below."""

from app.jobs.backchannel_logout import BackchannelLogoutJob
from app.jobs.base import Job
from app.jobs.directory_sync import DirectorySyncJob
from app.jobs.janitor import JanitorJob
from app.jobs.mail import MailJob
from app.jobs.realm_domains import RealmDomainsJob
from app.jobs.signing_keys import SigningKeysJob
from app.jobs.statistics import StatisticsJob
from app.jobs.upstream import UpstreamJob
from app.jobs.webhook import webhook_jobs
from app.services.server.runtime import Runtime


def build_jobs(runtime: Runtime) -> list[Job]:
    """Return the jobs of a process."""
    return [
        MailJob(runtime),
        BackchannelLogoutJob(runtime),
        *webhook_jobs(runtime),
        SigningKeysJob(runtime),
        StatisticsJob(runtime),
        RealmDomainsJob(runtime),
        UpstreamJob(runtime),
        DirectorySyncJob(runtime),
        JanitorJob(runtime),
    ]
