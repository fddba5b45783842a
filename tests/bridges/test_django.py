"""Django: `LOGGING` with `yarder.Handler`, accesses with fields and a request id."""

from __future__ import annotations

from pathlib import Path

from tests.bridges.serving import serving

SITE = """
import logging, sys
import yarder
from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
from yarder.bridges.web.wsgi import AccessLog

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"yarder": {"class": "yarder.Handler"}},
    "root": {"level": "INFO", "handlers": ["yarder"]},
    "loggers": {
        "django": {"level": "INFO", "handlers": [], "propagate": True},
        "django.server": {"level": "WARNING", "handlers": [], "propagate": True},
    },
}

def order(request, number):
    logging.getLogger("shop.orders").info("order %d", number, extra={"number": number})
    return HttpResponse("12345")

def broken(request):
    raise ValueError("bad order")

urlpatterns = [path("order/<int:number>", order), path("broken", broken)]

if not settings.configured:
    settings.configure(
        LOGGING=LOGGING, ROOT_URLCONF="site_shop", ALLOWED_HOSTS=["*"], SECRET_KEY="x",
        WSGI_APPLICATION="site_shop.application",
    )
application = AccessLog(get_wsgi_application())

if __name__ == "__main__":
    yarder.configure(app="shop", backends=[yarder.File("log.json")])
    sys.modules["site_shop"] = sys.modules["__main__"]
    execute_from_command_line(["manage.py", "runserver", "--noreload", "--skip-checks", sys.argv[1]])
"""


def test_requests_are_records_with_fields_and_an_id(tmp_path: Path) -> None:
    """Django's own loggers and the site's arrive with level, extra and exception, and with the id of their request."""
    (tmp_path / "site_shop.py").write_text(SITE, encoding="utf-8")
    with serving("site_shop.py", "127.0.0.1:{port}", folder=tmp_path) as server:
        answers = [server.get(path) for path in ("/order/7", "/broken", "/gone")]
        server.get("/order/8", X_Request_ID="r-1")
        server.wait("access", 4)
    assert [answer.status for answer in answers] == [200, 500, 404]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert [
        (r["fields"]["path"], r["fields"]["status"], r["fields"]["request_id"]) for r in server.records("access")
    ] == [("/order/7", 200, ids[0]), ("/broken", 500, ids[1]), ("/gone", 404, ids[2]), ("/order/8", 200, "r-1")]
    orders = server.records("shop.orders")
    assert [(r["message"], r["fields"]["number"], r["fields"]["request_id"]) for r in orders] == [
        ("order 7", 7, ids[0]),
        ("order 8", 8, "r-1"),
    ]
    broken, gone = sorted(server.records("django.request"), key=lambda record: record["level"])
    assert (broken["level"], broken["fields"]["exception.type"]) == (3, "ValueError")
    assert (broken["fields"]["request_id"], gone["fields"]["request_id"]) == (ids[1], ids[2])
    assert (gone["level"], gone["fields"]["status_code"]) == (4, 404)
    assert server.records("django.server") == [r for r in server.records("django.server") if r["level"] < 5]
