"""The lead's pages do what they say: import with pictures, settings, people, account."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.people import FORM, House
from tests.browser.test_workbench import open_bench, press, synced
from tests.services.test_media import wav

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]


def picture(name: str, shade: int) -> Any:
    """A small PNG, as a file to be chosen."""
    body = io.BytesIO()
    Image.new("L", (24, 16), shade).save(body, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": body.getvalue()}


def sheet(name: str, text: str) -> Any:
    return {"name": name, "mimeType": "text/csv", "buffer": text.encode()}


def test_a_table_with_pictures_beside_it(house: House, visit: Visit) -> None:
    project = house.project(texts=[], form=FORM | {"fields": []})
    page = visit(house.boss)
    page.goto(f"{house.url}/p/{project}/import")
    table = sheet("pets.csv", "id,photo,caption,camera\n1,a.png,A **cat**,x\n2,b.png,A dog,y\n")
    page.locator("input[type=file]").set_input_files([table, picture("a.png", 10), picture("b.png", 200)])
    expect(page.get_by_text("2 of 2 files sent")).to_be_visible()
    expect(page.get_by_label("Show photo as")).to_have_value("image")
    page.get_by_label("Show caption as").select_option("markdown")
    page.get_by_label("Show camera as").select_option("")
    page.get_by_label("What names an item").select_option("id")
    page.get_by_role("button", name="Import 2 items").click()
    expect(page.get_by_text("2 items imported")).to_be_visible(timeout=30_000)
    open_bench(page, house, project)
    image = page.locator("[data-item] img")
    assert image.evaluate("i => i.decode().then(() => [i.naturalWidth, i.naturalHeight])") == [24, 16]
    expect(page.locator("[data-item] .name")).to_have_text(["photo", "caption"])
    press(page, "1")
    synced(page)


def test_pictures_alone_make_a_table(house: House, visit: Visit) -> None:
    project = house.project(texts=[], form=FORM | {"fields": []})
    page = visit(house.boss)
    page.goto(f"{house.url}/p/{project}/import")
    page.locator("input[type=file]").set_input_files([picture(f"p{n}.png", 40 * n) for n in range(4)])
    expect(page.get_by_role("heading", name="What is in files.csv?")).to_be_visible()
    page.get_by_role("button", name="Import 4 items").click()
    expect(page.get_by_text("4 items imported")).to_be_visible(timeout=30_000)
    open_bench(page, house, project)
    assert page.locator("[data-item] img").evaluate("i => i.decode().then(() => i.naturalWidth)") == 24


def test_sounds_alone_make_a_table_too(house: House, visit: Visit) -> None:
    project = house.project(texts=[], form=FORM | {"fields": []})
    page = visit(house.boss)
    page.goto(f"{house.url}/p/{project}/import")
    sounds = [{"name": f"s{n}.wav", "mimeType": "audio/wav", "buffer": wav(n)} for n in (1, 2)]
    fake = {"name": "s3.wav", "mimeType": "audio/wav", "buffer": b"<script>alert(1)</script>"}
    page.locator("input[type=file]").set_input_files([*sounds, fake])
    expect(page.get_by_text("s3.wav: This is no whole PNG")).to_be_visible()
    expect(page.get_by_label("Show sound as")).to_have_value("audio")
    page.get_by_role("button", name="Import 2 items").click()
    expect(page.get_by_text("2 items imported")).to_be_visible(timeout=30_000)
    open_bench(page, house, project)
    expect(page.locator("[data-item]").get_by_text("0:01").or_(page.get_by_text("0:02")).first).to_be_visible()


def test_a_wrong_row_is_named_and_nothing_is_kept(house: House, visit: Visit) -> None:
    project = house.project(texts=[], form=FORM | {"fields": []})
    page = visit(house.boss)
    page.goto(f"{house.url}/p/{project}/import")
    page.locator("input[type=file]").set_input_files(sheet("t.csv", "id,message\n1,Hello\n1,Again\n"))
    page.get_by_label("What names an item").select_option("id")
    page.get_by_role("button", name="Import 2 items").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The import stopped.", timeout=30_000)
    expect(alert).to_contain_text("Nothing of it was kept.")
    expect(alert).to_contain_text(re.compile("row|line"))
    assert house.boss.call("GET", f"/projects/{project}")["items"] == 0
    page.locator("input[type=file]").set_input_files({"name": "x.docx", "mimeType": "application/zip", "buffer": b"PK"})
    expect(page.get_by_role("alert")).to_contain_text("x.docx is neither a table")


def test_settings(house: House, visit: Visit) -> None:
    project = house.project()
    page = visit(house.boss)
    page.goto(f"{house.url}/p/{project}/settings")
    page.get_by_label("Name", exact=True).fill("Renamed")
    page.get_by_label("People per item").fill("0")
    expect(page.get_by_text("A whole number from 1 to 100.")).to_be_visible()
    page.get_by_label("People per item").fill("5")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.").first).to_be_visible()
    page.get_by_label("Agreement is measured by").select_option("gwet")
    page.get_by_label("Answers are merged by").select_option("auto")
    page.get_by_role("button", name="Save the methods").click()
    expect(page.get_by_role("button", name="Save the methods").locator("xpath=..")).to_contain_text("Saved.")
    page.get_by_label("Guideline").fill("# New words")
    page.get_by_role("button", name="Publish as version 2").click()
    expect(page.get_by_text("version 2, just now")).to_be_visible()
    page.get_by_label("Class 4", exact=True).fill("Nothing of these")
    page.get_by_role("button", name="Save the questions").click()
    expect(page.get_by_text("Saved.").first).to_be_visible()
    page.get_by_role("radio", name="Paused").check()
    expect(page.get_by_role("radio", name="Paused")).to_be_checked()
    page.wait_for_timeout(300)
    now = house.boss.call("GET", f"/projects/{project}")
    assert (now["name"], now["overlap"], now["state"], now["guideline"]["version"]) == ("Renamed", 5, "paused", 2)
    assert (now["coefficient"], now["method"]) == ("gwet", "auto")
    last = now["form"]["questions"][0]["task"]["classes"][-1]
    assert (last["label"], last["value"]) == ("Nothing of these", "other"), "what is stored stays"
    page.goto(f"{house.url}/p/{project}")
    expect(page.get_by_text("The project is paused: nobody can judge.")).to_be_visible()


def test_people(house: House, visit: Visit) -> None:
    project = house.project()
    house.annotator(project, "Grace")
    page = visit(house.boss)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{house.url}/p/{project}/people")
    page.get_by_label("Role of Grace").select_option("adjudicator")
    page.get_by_label("Their e-mail").fill("tony@example.org")
    page.get_by_role("button", name="Make a link").click()
    assert "/link#" in page.get_by_label("Invitation link").input_value()
    row = page.get_by_role("listitem").filter(has_text="tony@example.org")
    row.get_by_role("button", name="Withdraw").click()
    expect(row).to_have_count(0)
    members = house.boss.call("GET", f"/projects/{project}/members")["members"]
    assert {m["name"]: m["role"] for m in members}["Grace"] == "adjudicator"
    page.get_by_role("button", name="Remove Grace").click()
    expect(page.get_by_role("button", name="Remove Grace")).to_have_count(0)


def test_account(house: House, visit: Visit) -> None:
    project = house.project(texts=[])
    grace = house.annotator(project)
    page = visit(grace)
    page.goto(f"{house.url}/account")
    page.get_by_label("Name", exact=True).fill("Grace Hopper")
    page.get_by_label("E-mail").fill("hopper@example.org")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.").first).to_be_visible()
    page.get_by_label("New password").fill("short")
    page.get_by_role("button", name="Set it").click()
    expect(page.get_by_role("alert")).to_contain_text("characters")
    page.get_by_label("New password").fill("nanoseconds of wire")
    page.get_by_role("button", name="Set it").click()
    page.get_by_label("The one you have").wait_for()
    page.get_by_label("What the new token is for").fill("nightly")
    page.get_by_role("button", name="Make a token").click()
    token = page.get_by_label("API token", exact=True).input_value()
    headers = {"authorization": f"Bearer {token}"}
    answer = page.request.get(f"{house.url}/api/session", headers=headers)
    assert answer.json()["account"]["name"] == "Grace Hopper"
    page.get_by_role("button", name="Revoke nightly").click()
    expect(page.get_by_role("button", name="Revoke nightly")).to_have_count(0)
    page.get_by_role("button", name="Account: Grace Hopper").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    page.get_by_label("E-mail").fill("hopper@example.org")
    page.get_by_label("Password").fill("nanoseconds of wire")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Account").wait_for()


def test_an_annotator_sees_an_annotator_s_pages_only(house: House, visit: Visit) -> None:
    project = house.project()
    page = visit(house.annotator(project))
    page.goto(house.url)
    expect(page.get_by_role("link", name="New project")).to_have_count(0)
    page.get_by_role("link", name="Annotate").first.wait_for()
    for part in ("", "/people", "/settings", "/items", "/import"):
        page.goto(f"{house.url}/p/{project}{part}")
        page.wait_for_url(f"**/p/{project}/me")
    expect(page.get_by_role("navigation").get_by_role("link")).to_have_text(["My work"])
