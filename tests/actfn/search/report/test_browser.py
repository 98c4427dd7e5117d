"""The page in a real browser: while a search runs and after.

Needs Selenium, Chromium and its driver; `.ci/browser` brings them.
"""

import json
import shutil
import subprocess
import sys

import pytest

from actfn.search import report
from tests.actfn.search.report import samples
from tests.searching import ROOT

webdriver = pytest.importorskip("selenium.webdriver")
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.wait import WebDriverWait  # noqa: E402

DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not DRIVER, reason="needs chromedriver")
SEARCH = """
import pathlib, sys, time
from actfn.search import report
from tests.actfn.search.report import samples

page, finish = map(pathlib.Path, sys.argv[1:])
done = 20
while not finish.exists():
    report.write(page, samples.running(done))
    done = min(done + 1, 59)
    time.sleep(0.5)
report.write(page, samples.content())
"""


@pytest.fixture
def browser():
    options = webdriver.ChromeOptions()
    for word in ("headless=new", "no-sandbox", "disable-gpu", "no-first-run",
                 "disable-background-networking", "disable-sync",
                 "disable-component-update"):  # fmt: skip
        options.add_argument(f"--{word}")
    options.set_capability(
        "goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"}
    )
    service = webdriver.ChromeService(DRIVER)
    with webdriver.Chrome(options=options, service=service) as driver:
        yield driver
        assert driver.get_log("browser") == []
        for entry in driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
                assert url.startswith(("file:", "data:"))


def wait(browser, seconds=60):
    return WebDriverWait(browser, seconds)


def column(browser, table, place):
    return browser.execute_script(
        "return [...document.getElementById(arguments[0]).tBodies]"
        ".map(b => b.rows[0].cells[arguments[1]].textContent)",
        table,
        place,
    )


def press(browser, selector, key=Keys.ENTER):
    browser.execute_script(
        "document.querySelector(arguments[0]).focus()", selector
    )
    browser.switch_to.active_element.send_keys(key)


def test_sorting_and_opening_by_keyboard(browser, tmp_path):
    report.write(tmp_path / "page.html", samples.content())
    browser.get((tmp_path / "page.html").as_uri())
    seconds = "#trials th:nth-child(5) button"
    for key, order in ((Keys.ENTER, "descending"), (Keys.SPACE, "ascending")):
        press(browser, seconds, key)
        found = [float(text) for text in column(browser, "trials", 4)]
        assert found == sorted(found, reverse=order == "descending")
        sorts = browser.execute_script(
            "return [...document.querySelectorAll('#trials th[aria-sort]')]"
            ".map(th => th.ariaSort)"
        )
        assert sorts[4] == order and sorts.count("none") == len(sorts) - 1
    press(browser, "#board th:nth-child(4) button")  # gain, ascending
    press(browser, "#board th:nth-child(4) button")
    assert column(browser, "board", 3)[0] == "+0.0092"
    assert column(browser, "board", 3)[-2:] == ["", ""]  # has none
    first = "#board .open"
    press(browser, first)
    button = browser.find_element("css selector", first)
    assert button.get_attribute("aria-expanded") == "true"
    detail = button.get_attribute("aria-controls")
    assert browser.find_element("id", detail).is_displayed()
    assert browser.find_element("css selector", f"#{detail} svg").size["width"]
    press(browser, f"#{detail} .copy")
    wait(browser).until(
        lambda b: (
            b.find_element("id", "said").get_attribute("textContent")
            in ("Copied", "Selected")
        )
    )


@pytest.mark.parametrize("width", [400, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits(browser, tmp_path, width, scheme):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1}
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", size | {"mobile": width < 500}
    )
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [feature]}
    )
    for content in (samples.content(), samples.running()):
        report.write(tmp_path / "page.html", content)
        browser.get((tmp_path / "page.html").as_uri())
        wide = "return document.documentElement.scrollWidth"
        assert browser.execute_script(wide) <= width


def test_it_follows_a_search_and_keeps_what_the_reader_did(browser, tmp_path):
    page, finish = tmp_path / "page.html", tmp_path / "finish"
    command = [sys.executable, "-c", SEARCH, str(page), str(finish)]
    search = subprocess.Popen(command, cwd=ROOT)
    try:
        wait(browser).until(lambda _: page.exists())
        browser.get(page.as_uri())
        press(browser, "#trials th:nth-child(6) button")
        press(browser, "#trials th:nth-child(6) button")
        press(browser, "#trials .open")
        browser.execute_script("scrollTo(0, 300); window.old = true")
        wait(browser).until(
            lambda b: b.execute_script(
                "return !window.old && document.readyState === 'complete'"
            )
        )
        trials = column(browser, "trials", 5)
        assert trials == sorted(trials)
        opened = browser.find_elements("css selector", "[aria-expanded=true]")
        assert len(opened) == 1
        assert browser.switch_to.active_element == opened[0]
        assert browser.execute_script("return scrollY") == 300
        finish.touch()
        wait(browser).until(
            lambda b: b.find_elements("css selector", ".verdict")
        )
        assert search.wait(60) == 0
        assert not browser.find_elements("css selector", "[data-running]")
    finally:
        search.kill()
        search.wait()
