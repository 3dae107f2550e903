"""Who may use which route: the table. A route without a row fails the tests, and so does a row without one.

"GET" stands for HEAD, too. `public`, `token` and `owner` (of the control socket) are no roles; `anybody` is
everybody who is signed in.
"""

from typing import Final

ROWS: Final = {
    "GET /": "public",
    "GET /campaigns/{id}": "public",
    "GET /campaigns/{id}/events": "public",
    "GET /static/{file}": "public",
    "GET /static/vendor/{file}": "public",
    "GET /healthz": "public",
    "GET /readyz": "public",
    "GET /metrics": "token",
    "GET /api/campaigns": "token",
    "GET /api/campaigns/{id}/standings": "token",
    "GET /api/campaigns/{id}/standings/stream": "token",
    "POST /take": "owner",
    "POST /close": "owner",
    "POST /users": "owner",
    "GET /status": "owner",
    # signing in, and one's own account
    "GET /signin": "public",
    "POST /signin": "public",
    "GET /welcome/{token}": "public",
    "POST /welcome/{token}": "public",
    "POST /signout": "anybody",
    "GET /account": "anybody",
    "POST /account/language": "anybody",
    "POST /account/password": "anybody",
    "POST /account/second": "anybody",
    "POST /account/second/confirm": "anybody",
    "POST /account/second/remove": "anybody",
    "POST /account/sessions": "anybody",
    # everybody's accounts
    "GET /people": "administrator",
    "POST /people": "administrator",
    "GET /people/{login}": "administrator",
    "POST /people/{login}": "administrator",
    "POST /people/{login}/disable": "administrator",
    "POST /people/{login}/enable": "administrator",
    "POST /people/{login}/reset": "administrator",
    # the desk
    "GET /operator": "operator",
    "GET /operator/{campaign}": "operator",
    "POST /operator/{campaign}/calls": "operator",
    "POST /operator/{campaign}/caller": "operator",
    "POST /operator/{campaign}/undo": "operator",
    "GET /operator/{campaign}/again": "operator",
    "POST /operator/{campaign}/again": "operator",
    "GET /operator/{campaign}/upload": "operator",
    "POST /operator/{campaign}/upload": "operator",
    # the committee's room
    "GET /committee": "committee",
    "GET /committee/{campaign}": "committee",
    "GET /committee/{campaign}/events": "committee",
    "GET /committee/{campaign}/exports": "committee",
    "POST /committee/{campaign}/exports": "committee",
    "GET /committee/{campaign}/exports/{build}/{file}": "committee",
    "GET /committee/{campaign}/operators": "committee",
    # observers
    "GET /observer": "observer",
    "GET /observer/{campaign}": "observer",
    "GET /observer/{campaign}/events": "observer",
    "GET /observer/{campaign}/exports": "observer",
    "GET /observer/{campaign}/exports/{build}/{file}": "observer",
}
