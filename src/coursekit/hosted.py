"""A provider's fine-tuning service, without one: the file checked as it would be, the price, and a dry run on this machine.

`upload_and_start` sends what it would send to OpenAI. In the course it talks to `recording_server`, which checks the requests, keeps them
and trains nothing.
"""

import contextlib
import dataclasses
import email.parser
import email.policy
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import openai
import yaml

from coursekit import chatdata, paths
from coursekit.corpus import read_text
from coursekit.errors import CourseError

FEWEST = 10  # examples that OpenAI's service takes
LONGEST = 65_536  # tokens of an example of gpt-4o-mini that are read; the rest would be cut off


def check_lines(text: str, count_tokens: Callable[[dict], int] | None = None, longest: int = LONGEST) -> list[str]:
    """What is wrong with a training file, one sentence a line; empty where nothing is.

    Args:
        text: the content of the JSONL file.
        count_tokens: gives the tokens of a record; lengths are not checked when left out.
        longest: tokens that an example may have.
    """
    found, count = [], 0
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        count += 1
        try:
            record = json.loads(line)
        except ValueError as error:
            found.append(f"line {number}: this is not valid JSON ({error.msg})")
            continue
        if wrong := chatdata.problem(record):
            found.append(f"line {number}: {wrong}")
        elif set(record) - {"messages", "weight", "tools", "parallel_tool_calls"}:
            found.append(
                f"line {number}: unknown fields beside `messages`: {', '.join(sorted(set(record) - {'messages'}))}"
            )
        elif count_tokens and (length := count_tokens(record)) > longest:
            found.append(f"line {number}: {length:,} tokens, and only {longest:,} would be read")
    if count < FEWEST:
        found.append(f"the file has {count} examples, and the service takes none with fewer than {FEWEST}")
    return found


def load_prices() -> dict:
    """The course's list of prices, `datasets/prices.yml`."""
    return yaml.safe_load(read_text(paths.datasets() / "prices.yml"))


def training_price(tokens: int, epochs: int, per_million: float) -> float:
    """Dollars for a training run: every token is paid for once in each epoch.

    Raises:
        CourseError: a number is negative.
    """
    if min(tokens, epochs, per_million) < 0:
        raise CourseError("Tokens, epochs and price cannot be negative.")
    return tokens * epochs * per_million / 1e6


def upload_and_start(
    client: openai.OpenAI,
    path: str | Path,
    model: str,
    *,
    held_out: str | Path | None = None,
    epochs: int = 3,
    suffix: str | None = None,
):
    """Upload the files and start a supervised fine-tuning job. With a provider's client this costs money.

    Args:
        client: where to.
        path: the training file.
        model: the name of the model to tune.
        held_out: a file of held-out records, whose loss the service reports.
        epochs: how often each record is seen.
        suffix: a word in the tuned model's name.

    Returns:
        The job, as the client gives it.

    Raises:
        CourseError: a file is wrong, or the server refuses.
    """
    files = [Path(path), *([Path(held_out)] if held_out else [])]
    for file in files:
        if wrong := check_lines(read_text(file)):
            raise CourseError(f"{file.name} would be refused: {wrong[0]}.")
    try:
        ids = []
        for file in files:
            with open(file, "rb") as opened:
                ids.append(client.files.create(file=opened, purpose="fine-tune").id)
        method = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": epochs}}}
        optional = {"validation_file": ids[1]} if held_out else {}
        return client.fine_tuning.jobs.create(
            training_file=ids[0], model=model, method=method, suffix=suffix, **optional
        )
    except openai.APIStatusError as error:
        said = error.body.get("message") if isinstance(error.body, dict) else None
        raise CourseError(f"The server refuses ({error.status_code}): {said or 'it does not say why'}.") from error
    except openai.OpenAIError as error:
        raise CourseError("The server cannot be reached: check its address and the network.") from error


@dataclasses.dataclass(frozen=True)
class Recorded:
    """What a recording server was sent: `files` by id, and the bodies of the `jobs`. `url` is for the client."""

    url: str
    files: dict[str, str] = dataclasses.field(default_factory=dict)
    jobs: list[dict] = dataclasses.field(default_factory=list)

    def client(self) -> openai.OpenAI:
        """A client for it."""
        return openai.OpenAI(base_url=self.url, api_key="none", max_retries=0)


def _part(body: bytes, content_type: str) -> dict[str, str]:
    """The fields of a form as a browser sends it."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    parts = message.iter_parts() if message.is_multipart() else ()
    return {
        part.get_param("name", header="content-disposition"): part.get_payload(decode=True).decode("utf-8")
        for part in parts
    }


@contextlib.contextmanager
def recording_server() -> Iterator[Recorded]:
    """A server on the loopback address that takes training files and jobs as OpenAI's does, checks them, and trains nothing."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            """Answer a request."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, reply = respond(self.path, body, self.headers.get("Content-Type", ""))
            raw = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_) -> None:
            """Nothing is printed among a notebook's outputs."""

    def respond(path: str, body: bytes, content_type: str) -> tuple[int, dict]:
        if path.endswith("/files"):
            return take_file(_part(body, content_type))
        if path.endswith("/fine_tuning/jobs"):
            return take_job(json.loads(body))
        return refuse("there is no such address here", 404)

    def refuse(why: str, status: int = 400) -> tuple[int, dict]:
        return status, {"error": {"message": why, "type": "invalid_request_error"}}

    def take_file(fields: dict[str, str]) -> tuple[int, dict]:
        if fields.get("purpose") != "fine-tune" or "file" not in fields:
            return refuse("a file for training needs the purpose fine-tune")
        if wrong := check_lines(fields["file"]):
            return refuse(wrong[0])
        name = f"file-{len(recorded.files) + 1}"
        recorded.files[name] = fields["file"]
        return 200, {
            "id": name, "object": "file", "bytes": len(fields["file"].encode()), "created_at": 0, "filename": "train.jsonl",
            "purpose": "fine-tune", "status": "processed",
        }  # fmt: skip

    def take_job(job: dict) -> tuple[int, dict]:
        unknown = [
            job.get(key)
            for key in ("training_file", "validation_file")
            if job.get(key) and job[key] not in recorded.files
        ]
        if unknown or not job.get("training_file"):
            return refuse(f"the file {unknown[0] if unknown else 'for training'} was not uploaded")
        if not job.get("model") or job.get("method", {}).get("type") != "supervised":
            return refuse("a job names its model, and supervised as its method")
        recorded.jobs.append(job)
        return 200, {
            "id": f"ftjob-{len(recorded.jobs)}", "object": "fine_tuning.job", "created_at": 0, "model": job["model"],
            "training_file": job["training_file"], "validation_file": job.get("validation_file"), "status": "validating_files",
            "hyperparameters": {"n_epochs": job["method"]["supervised"]["hyperparameters"]["n_epochs"]}, "method": job["method"],
            "organization_id": "org-none", "result_files": [], "seed": 0, "fine_tuned_model": None, "finished_at": None,
            "trained_tokens": None, "error": None,
        }  # fmt: skip

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    recorded = Recorded(f"http://127.0.0.1:{httpd.server_address[1]}/v1")
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    try:
        yield recorded
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


def count_with(tokenizer) -> Callable[[dict], int]:
    """A function that counts a record's tokens with a tokenizer. A provider's own tokenizer counts differently: an estimate."""
    return lambda record: len(
        tokenizer.apply_chat_template(record["messages"], tokenize=True, return_dict=True)["input_ids"]
    )
