"""Every way a job can go wrong.

* CourierError
  - RetryableError           the call failed; the same call may work later
    . ProviderThrottled      too many calls; it may say how long to wait
    . ProviderUnavailable    no connection, or a fault of the provider's
    . AnswerUnreadable       it answered, but not in its own words
    . AnswerLost             it may have been carried out; nobody told us
    . LinkSpent              a one-time link was used up or too old
    . TransferIncomplete     the file ended before its end
    . TransferTooSlow        the file would not have arrived in time
    . AwsUnavailable         an AWS service was busy or out of reach
  - PermanentError           asking again would change nothing
    . MessageUnreadable      a message that announces no object we can read
    . SourceMissing, SourceEmpty, SourceNotText, SourceTooLarge, SourceMisnamed
    . RequestInvalid         a field is missing or not of its form
    . CredentialsMissing     the secret is empty or malformed
    . CredentialsRejected    the provider does not accept the key
    . AccountRefused         the account may not make this call
    . OutOfCredits           the provider wants to be paid first
    . ProviderRejected       it refused the file or the request
    . ProviderFailed         it says that its work on the job failed
    . ProviderDeclined       it says no, and would say so again
    . ProviderLostJob        it does not know the job any more
    . JobAborted             somebody cancelled the job at the provider
    . SubmitOutcomeUnknown   it may have been accepted; a person decides
    . DeadlinePassed         not finished in the time that we give
    . NoResults              finished, but without a single result
    . LinkRefused            a link that we do not open, for safety
    . ResultTooLarge         more bytes than a job may bring
    . ResultMismatch         the object is not the file of this job
    . ResultsIncomplete      some results could not be fetched
    . AwsRefused             AWS does not allow the call
    . SettingsMissing        the deployment lacks a setting

Step Functions matches errors by bare class name and knows no inheritance, so
these names are part of the state machine; infra imports the tuples below.
"""

from typing import ClassVar


class CourierError(Exception):
    """A fact about a job that stops it, with what the reader can do.

    The text of an error travels into the execution history, logs and the jobs
    table: it never holds keys, links, provider answers or personal data. Raise
    it `from None` where the cause may hold such.
    """

    advice: ClassVar[str] = "Read the log lines of this job_id."


class RetryableError(CourierError):
    """The call failed; the same call may work later."""

    def __init__(self, message: str, *, hint: float | None = None) -> None:
        """Take the seconds that the provider asked us to wait, if it did."""
        super().__init__(message)
        self.hint = hint


class PermanentError(CourierError):
    """Asking again would change nothing."""


class ProviderThrottled(RetryableError):
    """The provider answers that we call too often."""

    advice = "Nothing to do: the job waits as asked. If it lasts, lower concurrency."


class ProviderUnavailable(RetryableError):
    """The request did not reach the provider, or it answered with a fault."""

    advice = "Nothing to do: the job goes on. If it lasts, see the provider's status."


class AnswerUnreadable(RetryableError):
    """The provider answered something that is not an answer of its API."""

    advice = "See the provider's status; if it lasts, its API may have changed."


class AnswerLost(RetryableError):
    """The request was sent, but whether it was carried out is not known."""

    advice = "Nothing to do: if the provider has a list, it tells what became of it."


class LinkSpent(RetryableError):
    """A one-time link was used up, expired, or led to a page instead."""

    advice = "Nothing to do: the next try gets a link of its own."


class TransferIncomplete(RetryableError):
    """A result ended before its end, or could not prove that it was whole."""

    advice = "Nothing of it was published. Retry the job; the provider keeps it."


class TransferTooSlow(RetryableError):
    """A result came too slowly to arrive before the function ends."""

    advice = "Retry the job; if it lasts, give Download more memory (more network)."


class AwsUnavailable(RetryableError):
    """An AWS service was throttling, failing or out of reach."""

    advice = "Nothing to do: the step is retried. If it lasts, see AWS Health."


class MessageUnreadable(PermanentError):
    """A queue message does not announce an object that we can identify."""

    advice = "Look at the message in the dead-letter queue; see events/ for the form."


class SourceMissing(PermanentError):
    """The object was gone before it could be read."""

    advice = "Upload the file again."


class SourceEmpty(PermanentError):
    """The file holds nothing to verify."""

    advice = "Upload a file with a request, or with a row besides its header."


class SourceNotText(PermanentError):
    """The file is not text in UTF-8, or no list though its name says so."""

    advice = "Save it as CSV or JSON in UTF-8, not as a workbook, PDF or archive."


class SourceTooLarge(PermanentError):
    """The file is larger, or makes more requests, than the settings allow."""

    advice = "Split the file; max_upload_bytes in cdk.json can be raised, too."


class SourceMisnamed(PermanentError):
    """The object's name does not end as the provider's files do."""

    advice = "Upload it under <provider>/<type>/ with the ending that the type takes."


class RequestInvalid(PermanentError):
    """A field of the request is missing or not of its form; the text names it."""

    advice = "Correct the file, then upload it again; the job's log names the fields."


class CredentialsMissing(PermanentError):
    """The provider's secret is empty or is not the JSON that we expect."""

    advice = "Fill the secret: the README's section on deploying has the command."


class CredentialsRejected(PermanentError):
    """The provider does not accept the key, freshly read though it was."""

    advice = "Put a valid key into the provider's secret, then retry the job."


class AccountRefused(PermanentError):
    """The provider knows the key, but not for this call or from this address."""

    advice = (
        "Ask the provider: is the account active, the call and our address allowed?"
    )


class OutOfCredits(PermanentError):
    """The account's credits or its quota at the provider are used up."""

    advice = "Buy credits or wait for the quota's renewal, then retry the job."


class ProviderRejected(PermanentError):
    """The provider refused the file or the request."""

    advice = "Check the file against the provider's rules for this type."


class ProviderFailed(PermanentError):
    """The provider says that its work on the job failed."""

    advice = "Ask the provider's support, naming the provider_ref of the job."


class ProviderDeclined(PermanentError):
    """The provider says for good that it has no verdict on what was asked."""

    advice = "Check what was asked: the same request would be paid, and end alike."


class ProviderLostJob(PermanentError):
    """The provider says, more than once, that it does not know the job."""

    advice = "Look for the provider_ref in the provider's dashboard."


class JobAborted(PermanentError):
    """The job was cancelled at the provider before it was finished."""

    advice = "Ask who cancelled it; upload the file again to verify it again."


class SubmitOutcomeUnknown(PermanentError):
    """What was sent may have been accepted, and the provider cannot tell us."""

    advice = "Look in the provider's dashboard before uploading again: it is paid."


class DeadlinePassed(PermanentError):
    """The provider did not finish in the time that the settings give."""

    advice = "Retry the job to go on waiting; nothing is submitted again."


class NoResults(PermanentError):
    """The provider says, more than once: finished, but without any result."""

    advice = "Ask the provider's support why the provider_ref has no results."


class LinkRefused(PermanentError):
    """A result link fails the rules for links: its scheme, host or form."""

    advice = "If the provider moved its downloads, add the host to the settings."


class ResultTooLarge(PermanentError):
    """A result has more bytes than the settings allow."""

    advice = "Raise max_result_bytes in cdk.json, then retry the job."


class ResultMismatch(PermanentError):
    """The object under a result's key was not written for this job."""

    advice = "Find out who wrote into the results bucket; move the object away."


class ResultsIncomplete(PermanentError):
    """Some results could not be fetched; those that could are in the bucket."""

    advice = "Retry the job: it fetches only what is missing."


class AwsRefused(PermanentError):
    """AWS does not allow a call, or does not know what it names."""

    advice = "Check the function's role and that the stack is deployed whole."


class SettingsMissing(PermanentError):
    """The function's environment lacks settings that it needs."""

    advice = "Deploy the stack again; settings come from infra/config.py."


def _leaves(family: type[CourierError]) -> tuple[type[CourierError], ...]:
    return tuple(family.__subclasses__())


#: The leaves by family; Retry and Catch in the state machine name these.
RETRYABLE = _leaves(RetryableError)
PERMANENT = _leaves(PermanentError)

_BY_NAME = {leaf.__name__: leaf for leaf in (*RETRYABLE, *PERMANENT)}


def advice_for(name: str) -> str:
    """Say what the reader of an error's name can do about it."""
    return _BY_NAME.get(name, CourierError).advice
