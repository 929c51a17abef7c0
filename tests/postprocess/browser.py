# SPDX-License-Identifier: BSD-3-Clause
"""Opens a page in headless Chromium and asks it what a reader would see. The question is a script in a copy of the page, which
writes its answer into the title; nothing is fetched from anywhere.

usage: browser.py PAGE.html WIDTH PICTURE.png   (the whole page as a picture, to look at)
"""
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")

# What has not loaded; what sticks out of the page or of its own box, but for what scrolls by itself; how wide the page is.
QUESTION = """
<script>
addEventListener("load", async () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
  const images = [...document.images], broken = [], out = [], shown = [];
  for (const image of images) {
    try { await image.decode(); } catch (error) { broken.push(image.alt.slice(0, 60)); continue; }
    const box = image.getBoundingClientRect();
    if (!(image.naturalWidth > 0 && box.width > 100 && box.height > 50)) broken.push(image.alt.slice(0, 60));
    shown.push(Math.round(box.width));
  }
  const width = document.documentElement.clientWidth;
  for (const part of document.querySelectorAll("body *")) {
    const style = getComputedStyle(part), box = part.getBoundingClientRect();
    if (style.position === "fixed" || style.position === "sticky") out.push("sticks: " + part.tagName);
    if (part.closest("script, style, .scroll > *") || !box.width) continue;
    if (box.right > width + 0.5 || box.left < -0.5) out.push(part.tagName + " " + part.textContent.slice(0, 60));
    if (style.overflowX === "visible" && part.scrollWidth > part.clientWidth + 1 && part.clientWidth)
      out.push("inside " + part.tagName + " " + part.textContent.slice(0, 60));
  }
  const cells = [...document.querySelectorAll("td, th, figcaption, p, h1, h2, h3")].filter(part => {
    const range = document.createRange();
    range.selectNodeContents(part);
    const text = range.getBoundingClientRect(), box = part.getBoundingClientRect();
    return text.width && (text.right > box.right + 1 || text.bottom > box.bottom + 1);
  }).map(part => part.tagName + " " + part.textContent.slice(0, 60));
  const page = document.documentElement.scrollWidth;
  document.body.innerHTML = "<pre id='answer'></pre>";
  document.getElementById("answer").textContent = JSON.stringify({figures: images.length, broken, out, cells, shown, width,
    page, asked: performance.getEntriesByType("resource").map(e => e.name)
      .filter(name => !name.startsWith("data:"))});
});
</script>
"""


def _start(folder, width, height, *options):
    # Without an operating system's sandbox: tests run as root in containers too. New headless windows keep a least width of
    # 500 pixels, so the page is put into a frame of the width asked for.
    command = [PROGRAM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
               "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--disable-dev-shm-usage",
               "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder}/profile", f"--window-size={width},{height}",
               "--virtual-time-budget=20000", "--allow-file-access-from-files", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=180,
                          env={**os.environ, "HOME": folder, "XDG_CONFIG_HOME": folder, "XDG_CACHE_HOME": folder})


def ask(page, width):
    """What the page is like so many pixels wide, as a dict."""
    with tempfile.TemporaryDirectory() as folder:
        with open(page, encoding="utf-8") as file, open(f"{folder}/page.html", "w", encoding="utf-8") as copy:
            copy.write(file.read().replace("</body>", QUESTION + "</body>"))
        with open(f"{folder}/frame.html", "w", encoding="utf-8") as frame:
            frame.write(f"""<body style="margin:0"><iframe id="it" src="page.html" style="border:0;width:{width}px;height:2000px">
</iframe><script>
const wait = setInterval(() => {{
  const answer = document.getElementById("it").contentDocument.getElementById("answer");
  if (answer) {{ clearInterval(wait); document.body.innerHTML = ""; document.body.append("ANSWER" + answer.textContent + "END"); }}
}}, 20);
</script>""")
        done = _start(folder, max(width, 500), 2000, "--dump-dom", f"file://{folder}/frame.html")
        found = re.search(r"ANSWER(\{.*\})END", done.stdout, re.DOTALL)
        if not found:
            raise RuntimeError(f"chromium gave no answer: {done.returncode} {done.stderr[-400:]}")
        return json.loads(html.unescape(found.group(1)))


def picture(page, width, height, output):
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/frame.html", "w", encoding="utf-8") as frame:
            frame.write(f'<body style="margin:0"><iframe src="file://{os.path.abspath(page)}" '
                        f'style="border:0;width:{width}px;height:{height}px"></iframe>')
        _start(folder, max(width, 500), height, f"--screenshot={output}", f"file://{folder}/frame.html")


if __name__ == "__main__":
    picture(sys.argv[1], int(sys.argv[2]), int(sys.argv[4]) if len(sys.argv) > 4 else 6000, os.path.abspath(sys.argv[3]))
