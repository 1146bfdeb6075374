"""Errors: name every way in which a job can go wrong.

* CourierError
  - RetryableError           the call failed; the same call may work later
    . ProviderThrottled      too many calls; it may say how long to wait
    . ProviderUnavailable    no connection, or a fault of the provider's
    . AnswerUnreadable       the answer does not follow the provider's API
    . AnswerMismatch         the answer is about another job
    . AnswerLost             the call may have been carried out; no answer came
    . OutOfCredits           the provider wants to be paid first
    . LinkSpent              a link was used or has expired, or has no result
    . ResultNotATable        a link led to something that is not shown to be a result
    . TransferIncomplete     the file ended early
    . TransferTooSlow        the file would not have arrived in time
    . AwsUnavailable         an AWS service was busy or out of reach
  - PermanentError           the same call would fail again
    . MessageUnreadable      a queue message that announces no readable object
    . SourceMissing, SourceEmpty, SourceNotText, SourceTooLarge, SourceMisnamed
    . SourceRepeated         the same bytes under the same key were paid for before
    . SourceColumnUnclear    no column of the table, or several, may hold the values
    . ApprovalMissing        nobody approved what it would send, in time
    . RequestInvalid         a field is missing or malformed
    . CredentialsMissing     the secret is empty or malformed
    . CredentialsRejected    the provider does not accept the key
    . AccountRefused         the account may not make this call
    . ProviderRejected       it refused the file or the request
    . ProviderFailed         it reports that its work on the job failed
    . ProviderDeclined       it has no verdict, and will have none later
    . ProviderLostJob        it does not know the job any more
    . JobAborted             somebody cancelled the job at the provider
    . SubmitOutcomeUnknown   it may have been accepted; a person decides
    . DeadlinePassed         not finished within the deadline
    . JobAlreadyStarted      another execution follows it, or has followed it
    . JobEnded               it ended, by a cancellation perhaps, before this step
    . NoResults              finished, but without a single result
    . LinkRefused            a link that is not opened, for safety
    . ResultTooLarge         more bytes than a result may have
    . TransferImpossible     more bytes than any transfer brings in time
    . ResultMismatch         the object is not the file of this job
    . ResultsIncomplete      some results could not be fetched
    . RowsUnjoinable         records and results could not be put together
    . AwsRefused             AWS does not allow the call
    . SettingsMissing        the deployment lacks a setting

Step Functions matches errors by bare class name and knows no inheritance, so
these names are part of the state machine; infra imports the tuples below.
"""

from collections.abc import Mapping
from typing import ClassVar


class CourierError(Exception):
    """A failure of a step, with advice for the operator who reads its name.

    The message goes into the execution history, the logs and the jobs table: it
    never holds keys, links, provider answers or personal data. Raise the error
    `from None` where its cause may hold such data.
    """

    advice: ClassVar[str] = "Read the log lines of this job_id."


class RetryableError(CourierError):
    """The call failed; the same call may work later.

    `hint` is the number of seconds that the provider asked to wait, if it did.
    """

    def __init__(self, message: str, *, hint: float | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class PermanentError(CourierError):
    """The same call would fail again."""


class ProviderThrottled(RetryableError):
    """The provider answered that it is called too often."""

    advice = "Do nothing: the job waits as asked. If it lasts, lower the concurrency."


class ProviderUnavailable(RetryableError):
    """The request did not reach the provider, or the provider answered with a fault."""

    advice = "Do nothing: the job goes on. If it lasts, see the provider's status page."


class AnswerUnreadable(RetryableError):
    """The provider's answer does not follow its API."""

    advice = "See the provider's status page; if it lasts, its API may have changed."


class AnswerMismatch(RetryableError):
    """The provider's answer has the id or the file name of another job."""

    advice = "Ask the provider's support; if it renames files, unset keeps_file_names."


class AnswerLost(RetryableError):
    """The request was sent, but no answer says whether it was carried out."""

    advice = "Do nothing: the provider's list, if any, is searched for the job."


class OutOfCredits(RetryableError):
    """The account's credits or its quota at the provider are used up."""

    advice = (
        "Buy credits, or wait for the quota's renewal: jobs that wait go on by "
        "themselves. Retry those that have ended."
    )


class LinkSpent(RetryableError):
    """A link led to no result: it was used, has expired, or there is no result yet."""

    advice = "Do nothing: the next try gets a new link."


class ResultNotATable(RetryableError):
    """A link led to something whose beginning does not show that it is a result."""

    advice = "Retry the job; if it lasts, compare a result's header with value_columns."


class TransferIncomplete(RetryableError):
    """A result ended early, or could not be proved complete."""

    advice = "Retry the job: nothing was published, and the provider keeps the result."


class TransferTooSlow(RetryableError):
    """A result came too slowly to arrive before the function's time-out."""

    advice = "Retry the job; if it lasts, give Download more memory (more network)."


class AwsUnavailable(RetryableError):
    """An AWS service was throttling, failing or out of reach."""

    advice = "Do nothing: the step is retried. If it lasts, see AWS Health."


class MessageUnreadable(PermanentError):
    """A queue message does not announce an object that can be identified."""

    advice = "Compare the message in the dead-letter queue with the samples in events/."


class SourceMissing(PermanentError):
    """The object was gone before it could be read."""

    advice = "Upload the file again."


class SourceEmpty(PermanentError):
    """The file has nothing to verify."""

    advice = "Upload a file with a request, or with a row besides its header."


class SourceNotText(PermanentError):
    """The file is not UTF-8 text, or not the list or workbook that its name says."""

    advice = "If the error names no remedy, save it as UTF-8 CSV, JSON Lines or .xlsx."


class SourceTooLarge(PermanentError):
    """The file is larger, or makes more requests, than the settings allow."""

    advice = "Split the file, or raise the setting in cdk.json that the error names."


class SourceMisnamed(PermanentError):
    """The object's name does not end with an extension that the provider takes."""

    advice = "Upload it under <provider>/<type>/ with an extension that the type takes."


class SourceRepeated(PermanentError):
    """An earlier version of the object has the same bytes, and was paid for."""

    advice = "Nothing was sent. To verify and pay for it again: `courier retry JOB`."


class SourceColumnUnclear(PermanentError):
    """The table does not show which of its columns holds the values to verify."""

    advice = (
        "Name the column, by header or number: `courier retry JOB --column` "
        "(--header, --no-header), `column` of the API's retry or uploads, or, uploaded "
        "again, the object's metadata courier-column and courier-header (yes or no). "
        "If another type is meant, submit the file as that."
    )


class ApprovalMissing(PermanentError):
    """Nobody approved the job in time; nothing was sent."""

    advice = "Nothing was sent or paid. For a new quote: `courier retry JOB`."


class RequestInvalid(PermanentError):
    """A field of the request is missing or malformed; the message names it."""

    advice = (
        "Correct the fields or rows that the error names, then upload the file again. "
        "`courier logs JOB` has the error, too."
    )


class CredentialsMissing(PermanentError):
    """The provider's secret is empty or is not the expected JSON."""

    advice = "Fill the secret: docs/deploy.md has the command."


class CredentialsRejected(PermanentError):
    """The provider does not accept the key, although it was read afresh."""

    advice = "Put a valid key into the provider's secret, then retry the job."


class AccountRefused(PermanentError):
    """The provider knows the key, but not for this call or from this address."""

    advice = (
        "Ask the provider if the account is active and the call and address allowed."
    )


class ProviderRejected(PermanentError):
    """The provider refused the file or the request."""

    advice = "Check the file. `courier results JOB --errors` has the provider's words."

    def __init__(
        self, message: str, *, said: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        super().__init__(message)
        #: As `errors` of a `StatusReport`: personal, for the results bucket only.
        self.said = said or {}


class ProviderFailed(PermanentError):
    """The provider reports that its work on the job failed."""

    advice = "Ask the provider's support, naming the provider_ref; then retry the job."


class ProviderDeclined(PermanentError):
    """The provider reports, for good, that it has no verdict on the request."""

    advice = (
        "See its words by `courier results JOB`: sent again unchanged, the request is "
        "paid and ends the same way."
    )


class ProviderLostJob(PermanentError):
    """The provider answered repeatedly that it does not know the job."""

    advice = "Look for the provider_ref in the provider's dashboard."


class JobAborted(PermanentError):
    """The job was cancelled at the provider before it was finished."""

    advice = "Ask who cancelled it; upload the file again to verify it again."


class SubmitOutcomeUnknown(PermanentError):
    """The submission may have been accepted, but the provider does not list it."""

    advice = (
        "Look at the provider for <job_id>.csv, or a request of that minute: if it is "
        "there, follow its id; if not, upload again, which is paid."
    )


class DeadlinePassed(PermanentError):
    """The provider did not finish within the deadline of the settings."""

    advice = "Retry the job to go on waiting; nothing is submitted again."


class JobAlreadyStarted(PermanentError):
    """Another execution follows the job, or has followed it; this one did nothing."""

    advice = "Nothing was done. To continue a job that has ended: `courier retry JOB`."


class JobEnded(PermanentError):
    """The job ended before a step that would have been paid for, which was left out."""

    advice = "Retry the job to go on; what was submitted is not submitted again."


class NoResults(PermanentError):
    """The provider answered repeatedly that the job is finished, without any result."""

    advice = "Ask the provider's support why the provider_ref has no results."


class LinkRefused(PermanentError):
    """A result link breaks a rule for links: its scheme, its host or its form."""

    advice = "If the provider moved its downloads, add the new host to the settings."


class ResultTooLarge(PermanentError):
    """A result has more bytes than the settings allow."""

    advice = "Raise max_result_bytes in cdk.json, then retry the job."


class TransferImpossible(PermanentError):
    """A result announces more bytes than can arrive before a function's time-out."""

    advice = "Split the list into smaller files; the provider keeps the result."


class ResultMismatch(PermanentError):
    """The object under a result's key is not the job's, or says something else."""

    advice = "Find out who wrote into the results bucket; move the object away."


class ResultsIncomplete(PermanentError):
    """Some results could not be fetched; the others are in the bucket."""

    advice = "Retry the job: it fetches only what is missing."


class RowsUnjoinable(PermanentError):
    """The records and the provider's results could not be put together."""

    advice = (
        "The provider's files are all there: retry the job, which joins them again, "
        "unpaid; or match them with your rows by value."
    )


class AwsRefused(PermanentError):
    """AWS does not allow a call, or does not know a resource that it names."""

    advice = "Check the function's role, and that the whole stack is deployed."


class SettingsMissing(PermanentError):
    """The function's environment lacks settings that it needs."""

    advice = "Deploy the stack again: infra sets what the function reads."


#: The leaves by family; Retry and Catch in the state machine name these.
RETRYABLE: tuple[type[CourierError], ...] = tuple(RetryableError.__subclasses__())
PERMANENT: tuple[type[CourierError], ...] = tuple(PermanentError.__subclasses__())

#: Faults of the provider, or of our account there, which may last longer than AWS'.
PROVIDER_FAULTS: tuple[type[RetryableError], ...] = (
    AnswerLost,
    AnswerUnreadable,
    OutOfCredits,
    ProviderThrottled,
    ProviderUnavailable,
)

#: Faults of what was uploaded: the job ends with the error's own text as its advice.
SOURCE_FAULTS: tuple[type[PermanentError], ...] = (
    RequestInvalid,
    SourceColumnUnclear,
    SourceEmpty,
    SourceMisnamed,
    SourceMissing,
    SourceNotText,
    SourceRepeated,
    SourceTooLarge,
)

_BY_NAME = {leaf.__name__: leaf for leaf in (*RETRYABLE, *PERMANENT)}


def advice_for(name: str) -> str:
    """Return the advice for an error's name, general advice for an unknown one."""
    return _BY_NAME.get(name, CourierError).advice
