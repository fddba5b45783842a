"""A WSGI middleware: Flask, Django's wsgi, Bottle, Pyramid.

app = Flask(__name__)
app.wsgi_app = AccessLog(app.wsgi_app)
"""

from __future__ import annotations

from yarder.bridges.web.access import Access, Request

__all__ = ["AccessLog"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from yarder.native import Logger
    from yarder.typing import LevelLike


class AccessLog:
    """One record for each request, and its id on every record that is logged while it is worked on.

    The record is written when the server closes the response, so its bytes and its time are the whole answer's.
    Fields, request id and arguments are those of `yarder.bridges.web.asgi.AccessLog`.
    """

    __slots__ = ("_access", "_app")

    def __init__(
        self,
        app: Callable[..., Iterable[bytes]],
        *,
        logger: Logger | None = None,
        level: LevelLike = "info",
        header: str | None = "X-Request-ID",
    ):
        self._app = app
        self._access = Access(logger, level, header)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request."""
        header = self._access.header
        identity = environ.get(f"HTTP_{header.upper().replace('-', '_')}") if header else None
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        request = Request(
            self._access,
            environ["REQUEST_METHOD"],
            path.encode("latin-1", "replace").decode("utf-8", "replace"),
            environ.get("REMOTE_ADDR"),
            identity,
        )

        def starting(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            request.status = int(status.split(None, 1)[0])
            if header and request.identity is not None:
                kept = [item for item in headers if item[0].lower() != header]
                headers = [*kept, (header.title(), request.identity)]
            return start_response(status, headers, *exc_info)

        with request.context():
            try:
                return _Body(self._app(environ, starting), request)
            except BaseException as error:
                request.log(error)
                raise


class _Body:
    """The response: counted, in the request's context, and its end is the request's."""

    __slots__ = ("_body", "_context", "_error", "_request", "_steps")

    def __init__(self, body: Iterable[bytes], request: Request):
        self._body = body
        self._request: Request | None = request
        self._context = request.context()
        self._steps = iter(body)
        self._error: BaseException | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self._context:
            try:
                piece = next(self._steps)
            except StopIteration:
                raise
            except BaseException as error:
                self._error = error
                raise
        if self._request is not None:
            self._request.bytes += len(piece)
        return piece

    def close(self) -> None:
        """Called by the server, also when the client went away."""
        request, self._request = self._request, None
        with self._context:
            try:
                getattr(self._body, "close", _nothing)()
            finally:
                if request is not None:
                    request.log(self._error)
        self._error = None  # its traceback holds frames


def _nothing() -> None:
    """For bodies without `close`."""
