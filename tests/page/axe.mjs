// Opens a page at two widths, in light and dark, and prints as JSON what is wrong with it:
// node axe.mjs CHROMIUM PAGE...
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.cwd()}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [executablePath, ...pages] = process.argv.slice(2);
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"];
const browser = await chromium.launch({ executablePath, args });
const wrong = [];

for (const file of pages) {
  for (const [width, colorScheme] of [[1280, "light"], [1280, "dark"], [390, "light"], [390, "dark"]]) {
    const context = await browser.newContext({ viewport: { width, height: 844 }, colorScheme });
    const page = await context.newPage();
    const tell = (what) => wrong.push(`${file} ${width} ${colorScheme}: ${what}`);
    page.on("console", (message) => tell(message.text()));
    page.on("pageerror", (error) => tell(error.message));
    page.on("request", (request) => /^(file|data):/.test(request.url()) || tell(request.url()));
    await page.goto(pathToFileURL(file).href);
    await page.evaluate(() => document.querySelectorAll("details").forEach((element) => { element.open = true; }));
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) tell("the page scrolls sideways");
    const session = await context.newCDPSession(page); // not held up by the policy of the page
    await session.send("Runtime.evaluate", { expression: axe });
    const found = await session.send("Runtime.evaluate", { expression: "axe.run(document)", awaitPromise: true, returnByValue: true });
    for (const { id, nodes } of found.result.value.violations) tell(`${id}: ${nodes[0].html}`);
    await context.close();
  }
}
await browser.close();
console.log(JSON.stringify(wrong));
