"""A browser, as far as signing in needs one: it keeps cookies, sends forms, and says where it is."""

import re
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

from tests.conftest import Answer, Visitor
from tests.pages.reading import Page


@dataclass
class Browser:
    """`host` and `headers` stand for how it reached us; cookies are kept with their attributes."""

    visitor: Visitor
    host: str = ""
    scheme: str = "http"
    headers: dict[str, str] = field(default_factory=dict)
    jar: SimpleCookie = field(default_factory=SimpleCookie)

    async def get(self, path: str) -> Answer:
        return await self._ask("GET", path)

    async def send(self, path: str, page: Answer | None = None, **fields: str) -> Answer:
        """A form on a page, sent: its hidden fields with what is typed."""
        page = page or await self.get(path)
        hidden = {one["name"]: one["value"] for one in Page(page.text).all("input", type="hidden")}
        return await self._ask("POST", path, data={**hidden, **fields})

    async def sign_in(self, login: str, password: str, **fields: str) -> Answer:
        return await self.send("/signin", login=login, password=password, **fields)

    def cookie(self, name: str) -> dict[str, str]:
        """A cookie's attributes that are set, and its value."""
        morsel = self.jar[name]
        return {"value": morsel.value, **{key: str(value) for key, value in morsel.items() if value != ""}}

    async def _ask(self, method: str, path: str, **how: Any) -> Answer:
        url = self.visitor.server.url
        host = self.host or url.removeprefix("http://")
        sent = "; ".join(f"{name}={one.value}" for name, one in self.jar.items())
        headers = {"Host": host, "Cookie": sent, "Accept": "text/html", "User-Agent": "Firefox/140.0 Linux"}
        if method == "POST":
            headers |= {"Origin": f"{self.scheme}://{host}", "Sec-Fetch-Site": "same-origin"}
        async with self.visitor.session.request(
            method, url + path, headers={**headers, **self.headers}, allow_redirects=False, **how
        ) as response:
            for given in response.headers.getall("Set-Cookie", ()):
                self._keep(given)
            return Answer(response.status, await response.text(), response.headers)

    def _keep(self, given: str) -> None:
        one = SimpleCookie(given)
        for name, morsel in one.items():
            if morsel["max-age"] == "0":
                self.jar.pop(name, None)
            else:
                self.jar[name] = morsel


def link_in(text: str) -> str:
    """The path of the one-time link that a page or a command shows."""
    found = re.search(r"/welcome/[A-Za-z0-9_-]{43}", text)
    assert found is not None, text
    return found[0]
