"""Opens pages in headless Chromium and says what a reader would meet, as one JSON document.

usage: browser.py CHROMIUM FOLDER PAGE...   (screenshots and the printed page go to FOLDER)
"""
import json
import pathlib
import subprocess
import sys

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

chromium, folder, pages = sys.argv[1], pathlib.Path(sys.argv[2]), [pathlib.Path(name) for name in sys.argv[3:]]
OVER = "() => [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + ': ' + e.textContent.slice(0, 40))"
result = []
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(
        executable_path=chromium, headless=True, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
    for path in pages:
        said = {"page": path.name, "violations": [], "wide": [], "outside": [], "console": [], "checks": 0}
        for scheme in ["light", "dark"]:
            for width in [1280, 360]:
                context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
                page = context.new_page()
                page.on("console", lambda message: said["console"].append(message.text))
                page.on("request", lambda request: said["outside"].append(request.url))
                page.goto(path.resolve().as_uri())
                found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
                said["checks"] += len(found.response["passes"])
                for violation in found.response["violations"]:
                    said["violations"].append(
                        f"{scheme} {width}: {violation['id']}: " + "; ".join(node["html"][:120] for node in violation["nodes"][:3]))
                said["wide"] += [f"{scheme} {width}: {text}" for text in page.evaluate(OVER)]
                if page.evaluate("() => document.documentElement.scrollWidth > innerWidth"):
                    said["wide"].append(f"{scheme} {width}: the page scrolls sideways")
                # The style sheet is let through by the policy of the page itself.
                said["styled"] = page.evaluate("() => getComputedStyle(document.querySelector('.decision')).borderTopWidth")
                page.screenshot(path=str(folder / f"{path.stem}-{scheme}-{width}.png"), full_page=True)
                context.close()
        context = browser.new_context(viewport={"width": 672, "height": 1000})
        page = context.new_page()
        page.goto(path.resolve().as_uri())
        page.emulate_media(media="print")
        said["wide"] += [f"print: {text}" for text in page.evaluate(OVER)]
        target = folder / f"{path.stem}.pdf"
        page.pdf(path=str(target), format="A4", prefer_css_page_size=True)
        # Without hyphens, which pdftotext drops where a line ends with one.
        bare = lambda text: "".join(text.split()).replace("-", "")
        printed = bare(subprocess.run(["pdftotext", str(target), "-"], capture_output=True, check=True, text=True).stdout)
        first = bare(subprocess.run(["pdftotext", "-l", "1", str(target), "-"], capture_output=True, check=True, text=True).stdout)
        said["decisionFirst"] = all(bare(text) in first for text in ["Your decision", "approved promote shop", "rejected shop -- reason"])
        cells = page.evaluate("() => [...document.querySelectorAll('td, th, dd, li, p, h1, h2, h3, caption')].filter(e => !e.children.length).map(e => e.textContent)")
        said["unprinted"] = [text for text in cells if bare(text) not in printed]
        said["printed"] = len(cells)
        context.close()
        result.append(said)
    browser.close()
print(json.dumps(result))
