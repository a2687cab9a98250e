"""Who may, in a real browser: a login at a real OIDC provider, roles from its claims, logout."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from orchestration.home import Home
from orchestration.review import access_log
from tests.browser.conftest import NO_PLAYWRIGHT, Dashboard, dashboard_on, settled
from tests.browser.desk import COOKIE, COOKIE_SECRET, identity, secrets
from tests.python.dashboard import small_company
from tests.python.dashboard.marts_file import publish

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

expect = pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT).expect

pytestmark = pytest.mark.browser
expect.set_options(timeout=20_000)


@pytest.fixture(scope="module")
def with_login(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """The dashboard with a login at an OpenID Connect provider on this machine."""
    oidc = pytest.importorskip("oidc_provider_mock", reason="install the extra `test`")
    people = [
        oidc.User(sub="u-1", claims={"name": "Anna", "roles": ["approvers"]}),
        oidc.User(sub="u-2", claims={"name": "Vic", "roles": ["readers"]}),
        oidc.User(sub="u-3", claims={"name": "Eve", "roles": ["cooks"]}),
    ]
    home = tmp_path_factory.mktemp("with_login")
    publish(home, small_company.RUN_ID, small_company.rows())
    (home / "roles.yml").write_text("approvers: approver\nreaders: viewer\n")
    with oidc.run_server_in_thread(0, require_nonce=True, user_claims=people) as provider:
        port = provider.server_port
        (home / "secrets.toml").write_text(secrets(port))
        with dashboard_on(home, home / "dashboard.log") as dashboard:
            yield dashboard


def sign_in(page: Page, dashboard: Dashboard, subject: str) -> None:
    """Go from the sign-in page through the provider, and come back."""
    page.goto(dashboard.url)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=subject).click()
    page.wait_for_url(f"{dashboard.url}/**")
    settled(page)


def test_a_person_signs_in_has_the_roles_of_their_claims_and_signs_out(
    with_login: Dashboard, page: Page
) -> None:
    page.goto(f"{with_login.url}/exceptions")
    expect(page.locator("h1")).to_have_text("Sign in to tieout")
    assert "INV-1" not in page.content()
    sign_in(page, with_login, "u-1")
    expect(page.locator("h1").first).to_have_text("Executive")
    page.get_by_role("button", name="Anna").click()
    expect(page.locator(".t-person")).to_contain_text("Roles: approver")
    expect(page.locator(".t-person")).to_contain_text("write off")
    page.get_by_role("button", name="Sign out").click()
    # the provider's own page: the session there ends too
    expect(page.locator("h1")).to_have_text("End Session")
    page.goto(with_login.url)
    expect(page.locator("h1")).to_have_text("Sign in to tieout")
    assert COOKIE not in {cookie["name"] for cookie in page.context.cookies()}


def test_who_has_no_role_is_not_let_in_and_that_is_kept(with_login: Dashboard, page: Page) -> None:
    sign_in(page, with_login, "u-3")
    expect(page.locator("h1")).to_have_text("You are signed in, but not let in")
    assert page.locator("#as-of").count() == 0
    [entry] = access_log.entries(Home(with_login.home), actor="u-3")
    assert (entry.event, entry.actor_name) == (access_log.Event.DENIED, "Eve")


@pytest.fixture(scope="module")
def identity_of_u2(browser: Browser, with_login: Dashboard) -> dict[str, str]:
    """The cookie that a viewer has got by signing in."""
    context = browser.new_context()
    context.set_default_timeout(30_000)
    page = context.new_page()
    sign_in(page, with_login, "u-2")
    expect(page.locator("h1").first).to_have_text("Executive")
    [cookie] = [cookie for cookie in context.cookies() if cookie["name"] == COOKIE]
    context.close()
    return cookie


def _tampered(value: str, origin: str) -> str:
    return ("A" if value[0] != "A" else "B") + value[1:]


def _signed(secret: str, age_hours: float) -> Callable[[str, str], str]:
    """A cookie that makes u-2 an approver, signed by whoever has the secret."""

    def make(value: str, origin: str) -> str:
        return identity("u-2", "approvers", origin, secret=secret, age_hours=age_hours)

    return make


@pytest.mark.parametrize(
    ("forge", "title"),
    [
        pytest.param(_tampered, "Sign in to tieout", id="tampered"),
        pytest.param(_signed("f" * 32, 0), "Sign in to tieout", id="signed by another"),
        pytest.param(_signed(COOKIE_SECRET, 13), "Sign in to tieout", id="expired"),
        # that the forgeries above are well made: the same one, signed and fresh
        pytest.param(_signed(COOKIE_SECRET, 0), "Executive", id="true"),
    ],
)
def test_an_identity_that_does_not_hold_is_refused(
    with_login: Dashboard,
    identity_of_u2: dict[str, str],
    page: Page,
    forge: Callable[[str, str], str],
    title: str,
) -> None:
    forged = forge(identity_of_u2["value"].strip('"'), with_login.url)
    page.context.add_cookies([{**identity_of_u2, "value": forged}])
    page.goto(with_login.url)
    expect(page.locator("h1").first).to_have_text(title)
    settled(page)
    assert page.locator("#as-of").count() == (title == "Executive")
