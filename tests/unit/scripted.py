"""A server on the loopback address that speaks chat completions and answers by a script, over real HTTP."""

import contextlib
import http.server
import itertools
import json
import threading
from collections.abc import Callable, Iterator

COUNTER = itertools.count()


class Scripted:
    """What the server was asked (`requests`, the decoded bodies), and where it listens (`url`)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[dict] = []

    def connection(self):
        """A connection to it, as `serving.connect` would give."""
        import openai

        from coursekit import serving

        return serving.Connection(openai.OpenAI(base_url=self.url, api_key="none", max_retries=0), "scripted")


def prompt_of(request: dict) -> str:
    """The user's turn of a request."""
    return request["messages"][-1]["content"]


@contextlib.contextmanager
def scripted(reply: Callable[[dict], str | tuple[str, str] | int]) -> Iterator[Scripted]:
    """Serve until the block ends. `reply` gets a request's body and returns an answer, or one and why it ended, or a failure's status."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = (
            -1
        )  # headers and body in one packet: in two, each answer waits 40 ms for the first to be acknowledged

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.requests.append(asked)
            text = reply(asked)
            if isinstance(text, int):
                self.respond(text, {"error": {"message": "scripted failure", "type": "server_error"}})
                return
            text, reason = text if isinstance(text, tuple) else (text, "stop")
            usage = {
                "prompt_tokens": len(" ".join(turn["content"] for turn in asked["messages"]).split()),
                "completion_tokens": len(text.split()),
            }
            choice = {"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": text}}
            body = {"id": "1", "object": "chat.completion", "created": 0, "model": asked["model"], "choices": [choice]}
            self.respond(200, {**body, "usage": {**usage, "total_tokens": sum(usage.values())}})

        def do_GET(self) -> None:
            self.respond(200, {"status": "ok", "object": "list", "data": [{"id": "scripted", "object": "model"}]})

        def respond(self, status: int, body: dict) -> None:
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_) -> None:
            """Nothing is printed among the tests' lines."""

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    # No two servers share an address, even where they get the same port: answers are kept by address.
    server = Scripted(f"http://127.0.0.1:{httpd.server_address[1]}/{next(COUNTER)}/v1")
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()
