"""The body of an upload is a form that any other program reads as it was meant."""

from contextlib import closing
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st
from verdict_courier.upload_body import UploadBody
from werkzeug.formparser import parse_form_data

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
names = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=20)


@given(fields=st.dictionaries(names, texts, max_size=5), content=st.binary())
def test_a_form_is_read_back(fields: dict[str, str], content: bytes) -> None:
    """S3 compares each field with the signed policy, and takes the rest as the file."""
    fields.pop("file", None)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        path.write_bytes(content)
        with path.open("rb") as file:
            body = UploadBody(fields, file)
            sent = b"".join(body)

    assert len(sent) == len(body)
    _, form, files = parse_form_data(
        {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": body.content_type,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(sent),
        }
    )
    assert form.to_dict() == fields
    with closing(files["file"]) as received:
        assert received.read() == content
