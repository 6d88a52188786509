// Does with the admin page what people do with it: one scenario. Prints as JSON what it has seen, or the error that it
// ended with. Takes where the browser is, the URLs of the applications, and the scenario's name.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [endpoint, open, readers, members, name] = process.argv.slice(2);
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.connect(endpoint);

const api = async (path, options = {}) => {
  const { body, ...rest } = options;
  const headers = { "content-type": "application/json", ...rest.headers };
  const response = await fetch(open + path, { ...rest, headers, body: body && JSON.stringify(body) });
  return response.status === 204 ? null : response.json();
};
const make = (path, body) => api(path, { method: "POST", body });
const go = (page, path) => page.goto(`${open}/admin#${path}`);
const rows = (page) => page.locator("tbody tr");
const cells = (page, column) => page.locator(`tbody td.column-${column}`).allTextContents();
const button = (page, name) => page.getByRole("button", { name, exact: true });
const field = (page, name) => page.getByLabel(name, { exact: true });
const notified = (page, text) => page.getByText(text).first().waitFor();
/** Waits for a form that can be filled in. */
const editable = (page) => page.locator("[aria-busy=false] form").waitFor();
const pick = async (page, label, option) => {
  await page.getByRole("combobox", { name: new RegExp(`^${label}`) }).click();
  await page.getByRole("option", { name: option, exact: true }).click();
};
const addFilter = async (page, name, condition, fill) => {
  await button(page, "Filter").click();
  await pick(page, "Field", name);
  await pick(page, "Condition", condition);
  await fill(page.getByRole("dialog", { name: "Filter" }));
  await button(page, "Apply").click();
  await page.getByRole("dialog", { name: "Filter" }).waitFor({ state: "hidden" });
};
/** Does something that has the list read again, and waits for that. */
const relisted = async (page, path, act) => {
  const listed = page.waitForResponse((r) => r.request().method() === "GET" && new URL(r.url()).pathname === path);
  await act();
  await (await listed).finished();
};
/** What the next request of a method sends. */
const sending = (page, method) => page.waitForRequest((request) => request.method() === method);
const inspect = async (page) => {
  // Where things are still fading in, their colours are between two.
  await page.waitForFunction(() => document.getAnimations().every((each) => each.playState !== "running"));
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document));
  const serious = violations.filter((each) => ["serious", "critical"].includes(each.impact));
  return serious.map((each) => `${each.id}: ${each.nodes[0].html.slice(0, 300)}`);
};
/** Whether something covers the page as a whole, so that nothing of it is seen. */
const isCovered = (page) =>
  page.evaluate(() => {
    const cover = document.querySelector(".MuiBackdrop-root");
    const { backgroundColor, opacity } = getComputedStyle(cover);
    const { width, height } = cover.getBoundingClientRect();
    const places = [[5, 5], [innerWidth / 2, 100], [innerWidth - 5, innerHeight - 5]];
    const dialog = cover.closest(".MuiDialog-root");
    const isOnTop = places.every(([x, y]) => dialog.contains(document.elementFromPoint(x, y)));
    return isOnTop && opacity === "1" && !/rgba/.test(backgroundColor) && width === innerWidth && height === innerHeight;
  });
/** What a page has anywhere of somebody. */
const remains = (page, name) =>
  page.evaluate((name) => {
    const places = [document.documentElement.outerHTML, location.href, JSON.stringify(localStorage), JSON.stringify(sessionStorage)];
    return places.filter((each) => each.includes(name)).length;
  }, name);
const signIn = async (page, name, password) => {
  await page.getByRole("textbox", { name: "Name" }).fill(name);
  await page.getByRole("textbox", { name: "Password" }).fill(password);
  await button(page, "Sign in").click();
};

const scenarios = {
  async resources(page) {
    await go(page, "/");
    await page.getByRole("heading", { name: "Volumes" }).waitFor();
    return page.getByRole("heading", { level: 2 }).allTextContents();
  },

  async list(page) {
    await go(page, "/volumes");
    await rows(page).first().waitFor();
    const seen = { first: (await cells(page, "title"))[0], rows: await rows(page).count() };
    const sort = (name) => page.getByRole("columnheader", { name }).getByRole("button").click();
    await relisted(page, "/volumes/", () => sort("Title"));
    await relisted(page, "/volumes/", () => sort("Title"));
    await page.waitForFunction(() => document.querySelector("td.column-title").textContent === "Volume 59");
    await button(page, "Go to page 2").click();
    await page.waitForFunction(() => document.querySelector("td.column-title").textContent === "Volume 34");
    seen.secondPage = (await cells(page, "title"))[0];
    await page.getByRole("searchbox", { name: "Search" }).fill("volume 07");
    await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
    seen.found = await cells(page, "title");
    seen.shelf = (await cells(page, "shelf_id"))[0];
    return seen;
  },

  async filters(page) {
    await go(page, "/volumes");
    await addFilter(page, "Condition", "is", () => pick(page, "Value", "Worn"));
    await addFilter(page, "Pages", "is at least", (dialog) => dialog.getByLabel("Value").fill("150"));
    await addFilter(page, "Shelf", "is", async () => {
      await page.getByRole("combobox", { name: "Value" }).fill("Shelf 12");
      await page.getByRole("option", { name: "Shelf 12" }).click();
    });
    await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
    const one = await cells(page, "title");
    const told = await page.getByRole("search").locator(".MuiChip-label").allTextContents();
    await page.getByRole("search").locator(".MuiChip-deleteIcon").last().click();
    await page.waitForFunction(() => document.querySelectorAll("tbody tr").length > 1);
    return { one, told, more: await cells(page, "title") };
  },

  async columns(page) {
    await go(page, "/shelves");
    await rows(page).first().waitFor();
    await button(page, "Columns").click();
    await page.getByRole("switch", { name: "Id" }).or(page.getByRole("checkbox", { name: "Id" })).click();
    await page.keyboard.press("Escape");
    await page.getByRole("columnheader", { name: "Id" }).waitFor({ state: "detached" });
    await page.getByRole("searchbox", { name: "Search" }).fill("Shelf 3");
    await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 13);
    const downloading = page.waitForEvent("download");
    await button(page, "Export CSV").click();
    const download = await downloading;
    await download.saveAs("shelves.csv");
    const text = await readFile("shelves.csv", "utf8");
    return { name: download.suggestedFilename(), lines: text.trim().split(/\r?\n/) };
  },

  async form(page) {
    await go(page, "/volumes/2");
    await page.waitForFunction(() => document.querySelector("input[name=title]")?.value === "Volume 01");
    await editable(page);
    const shown = {};
    for (const name of ["Pages", "Price", "Barcode", "Weight", "Printed on", "Acquired at (Asia/Tokyo)", "Opens at", "Extra"]) {
      shown[name] = await field(page, name).inputValue();
    }
    await field(page, "Barcode").fill("9007199254749999");
    await field(page, "Price").fill("0.1000");
    await field(page, "Printed on").fill("2001-02-03");
    await field(page, "Acquired at (Asia/Tokyo)").fill("2026-05-06T07:08:09");
    await field(page, "Opens at").fill("08:15:00");
    await field(page, "Extra").fill('{"big": 18014398509481985, "ratio": 2.0}');
    await page.getByLabel("Lendable").click();
    await pick(page, "Condition", "Lost");
    const sent = sending(page, "PATCH");
    await button(page, "Save").click();
    const request = await sent;
    await rows(page).first().waitFor();
    return { shown, sent: request.postData(), tag: await request.headerValue("if-match") };
  },

  async errors(page) {
    await go(page, "/shelves/create");
    const message = page.locator(".MuiFormHelperText-root.Mui-error");
    await page.getByLabel("Name").fill("x");
    await button(page, "Save").click();
    await message.waitFor();
    const short = await message.textContent();
    await page.getByLabel("Name").fill("Shelf 01");
    await button(page, "Save").click();
    await page.waitForFunction((old) => document.querySelector(".MuiFormHelperText-root.Mui-error")?.textContent !== old, short);
    const taken = await message.textContent();
    const described = await page.getByLabel("Name").getAttribute("aria-invalid");
    await go(page, "/volumes/3");
    await page.waitForFunction(() => document.querySelector("input[name=title]")?.value === "Volume 02");
    await editable(page);
    await field(page, "Extra").fill("{no");
    await field(page, "Pages").fill("many");
    await button(page, "Save").click();
    await message.nth(1).waitFor();
    return { short, taken, described, wrong: await message.allTextContents() };
  },

  async pickers(page) {
    await go(page, "/volumes/create");
    await page.getByLabel("Title").fill("Picked");
    await page.getByRole("combobox", { name: "Shelf" }).fill("Shelf 39");
    await page.getByRole("option", { name: "Shelf 39" }).click();
    for (const name of ["Maps", "Stars", "Birds", "Songs"]) {
      await page.getByRole("combobox", { name: "Subjects" }).fill(name);
      await page.getByRole("option", { name }).click();
    }
    const sent = sending(page, "POST");
    await button(page, "Save").click();
    const body = JSON.parse((await sent).postData());
    await rows(page).first().waitFor();
    const { items } = await api("/volumes/?title=Picked&include=subjects");
    await go(page, `/volumes/${items[0].id}`);
    await editable(page);
    await page.locator(".MuiChip-root", { hasText: "Maps" }).locator(".MuiChip-deleteIcon").click();
    await button(page, "Save").click();
    await rows(page).first().waitFor();
    const after = await api(`/volumes/${items[0].id}?include=subjects`);
    return { body, before: items[0].subjects.map((s) => s.name), after: after.subjects.map((s) => s.name), shelf: after.shelf_id };
  },

  async conflict(page) {
    const { id } = await make("/volumes/", { title: "First", shelf_id: 1, note: "a note" });
    await go(page, `/volumes/${id}`);
    await page.waitForFunction(() => document.querySelector("input[name=title]")?.value === "First");
    await editable(page);
    await api(`/volumes/${id}`, { method: "PATCH", body: { title: "Theirs", pages: 7 } });
    await page.getByLabel("Title").fill("Yours");
    await field(page, "Note").fill("your note");
    await button(page, "Save").click();
    const dialog = page.getByRole("dialog", { name: "Somebody else has changed this row" });
    await dialog.getByText("Theirs: Theirs").waitFor();
    const told = await dialog.getByRole("radio").evaluateAll((all) => all.map((each) => each.closest("label").textContent));
    await dialog.getByRole("radiogroup", { name: "Title" }).getByText("Theirs").last().click();
    const found = await inspect(page);
    await dialog.getByRole("button", { name: "Save" }).click();
    await notified(page, "The row is stored");
    return { told, found, row: await api(`/volumes/${id}?fields=title,note,pages`) };
  },

  async history(page) {
    const { id } = await make("/volumes/", { title: "Before", shelf_id: 1 });
    await api(`/volumes/${id}`, { method: "PATCH", body: { title: "After" } });
    await go(page, `/volumes/${id}`);
    const history = page.getByRole("region", { name: "History" });
    await history.getByText("Created").waitFor();
    const told = await history.getByRole("listitem").allInnerTexts();
    await history.getByRole("button", { name: /^Undo/ }).click();
    await notified(page, "The change is undone");
    await page.waitForFunction(() => document.querySelector("input[name=title]")?.value === "Before");
    return { told, row: await api(`/volumes/${id}?fields=title`) };
  },

  async bulk(page) {
    const names = ["Bulk A", "Bulk B", "Bulk C", "Bulk D"];
    await make("/volumes/bulk/", names.map((title) => ({ title, shelf_id: 1, pages: 9000 })));
    await go(page, "/volumes");
    await addFilter(page, "Pages", "is", (dialog) => dialog.getByLabel("Value").fill("9000"));
    await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 4);
    for (const row of [0, 1]) await rows(page).nth(row).getByRole("checkbox").check();
    await button(page, "Change").click();
    const change = page.getByRole("dialog", { name: "Change 2 rows" });
    await change.waitFor();
    await pick(page, "Field", "Note");
    await change.getByRole("textbox", { name: "Note" }).fill("changed");
    await change.getByRole("button", { name: "Change 2 rows" }).click();
    await notified(page, "2 rows changed");
    const changed = (await api("/volumes/?pages=9000&sort=id")).items.map((each) => each.note);
    await rows(page).first().getByRole("checkbox").check();
    await button(page, "Delete").click();
    await page.getByRole("radio", { name: "All 4 rows that match the filters" }).check();
    // Another one comes before it is confirmed.
    await make("/volumes/", { title: "Bulk E", shelf_id: 1, pages: 9000 });
    await button(page, "Delete 4 rows").click();
    const refused = await page.getByRole("dialog").getByRole("alert").textContent();
    const left = (await api("/volumes/?pages=9000")).total;
    await button(page, "Cancel").click();
    await relisted(page, "/volumes/", () => button(page, "Refresh").click());
    await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 5);
    await button(page, "Delete").click();
    await page.getByRole("radio", { name: "All 5 rows that match the filters" }).check();
    await button(page, "Delete 5 rows").click();
    await notified(page, "5 rows deleted");
    return { changed, refused, left, after: (await api("/volumes/?pages=9000")).total };
  },

  async chart(page) {
    await go(page, "/loans");
    await rows(page).first().waitFor();
    await button(page, "Chart").click();
    await pick(page, "By", "Reader");
    await page.locator("svg[role=img] g").nth(1).waitFor();
    const seen = { bars: await page.locator("svg[role=img] title").allTextContents(), found: await inspect(page) };
    await go(page, "/volumes");
    await addFilter(page, "Pages", "is at most", (dialog) => dialog.getByLabel("Value").fill("102"));
    await button(page, "Chart").click();
    await pick(page, "Shown", "Sum of pages");
    await pick(page, "By", "Shelf");
    await page.getByText("Shelf 02: 102").waitFor({ state: "attached" });
    return seen;
  },

  async restored(page) {
    const { id } = await make("/loans/", { reader: "eve", subject: "Eve's" });
    await go(page, `/loans/${id}`);
    await button(page, "Delete").click();
    await button(page, "Confirm").click();
    await rows(page).first().waitFor();
    const gone = (await api("/loans/?reader=eve")).total;
    await button(page, "Deleted").click();
    const row = rows(page).filter({ hasText: "Eve's" });
    await row.getByRole("checkbox").check();
    await button(page, "Restore").click();
    await notified(page, "1 row restored");
    return { gone, after: (await api("/loans/?reader=eve")).total };
  },

  async composite(page) {
    await go(page, "/visits");
    await rows(page).first().click();
    await page.waitForFunction(() => document.querySelector("input[name=minutes]")?.value === "1");
    await editable(page);
    await page.getByLabel("Minutes").fill("77");
    await button(page, "Save").click();
    await rows(page).nth(1).waitFor();
    return (await api("/visits/?sort=day")).items;
  },

  async slow(page) {
    const { id } = await make("/shelves/", { name: "Read slowly" });
    let answer;
    const answered = new Promise((resolve) => (answer = resolve));
    await page.route((url) => url.pathname === `/shelves/${id}`, async (route) => {
      if (route.request().method() === "GET") await answered;
      await route.continue();
    });
    await go(page, "/shelves");
    await page.getByRole("searchbox", { name: "Search" }).fill("Read slowly");
    await page.getByRole("link", { name: "Read slowly" }).click();
    await page.waitForFunction(() => document.querySelector("input[name=name]")?.value === "Read slowly");
    setTimeout(answer, 500);
    await page.getByLabel("Name").click();
    await page.keyboard.type(", typed at once");
    await editable(page);
    await button(page, "Save").click();
    await notified(page, "Element updated");
    return (await api(`/shelves/${id}`)).name;
  },

  async unsaved(page) {
    const { id } = await make("/shelves/", { name: "Half typed" });
    await go(page, `/shelves/${id}`);
    await editable(page);
    await page.getByLabel("Name").fill("Half");
    const asked = [];
    const leave = async (answer) => {
      const [dialog] = await Promise.all([page.waitForEvent("dialog"), page.getByRole("menuitem", { name: "Subjects" }).click()]);
      asked.push(dialog.type());
      await dialog[answer]();
    };
    await leave("dismiss");
    const kept = await page.getByLabel("Name").inputValue();
    await leave("accept");
    await rows(page).first().waitFor();
    return { asked: asked.length, kept, name: (await api(`/shelves/${id}`)).name };
  },

  async typed(page) {
    const { id } = await make("/volumes/", { title: "Before", shelf_id: 1 });
    await api(`/volumes/${id}`, { method: "PATCH", body: { title: "After" } });
    await go(page, `/volumes/${id}`);
    await page.getByRole("button", { name: /^Undo/ }).first().waitFor();
    await editable(page);
    await field(page, "Note").fill("typed");
    const asked = [];
    const act = async (click, answer) => {
      page.once("dialog", (dialog) => {
        asked.push(dialog.message());
        dialog[answer]();
      });
      await click();
    };
    await page.evaluate(() => scrollTo(0, 0)); // where the bar with the button is
    await act(() => button(page, "Refresh").click(), "dismiss");
    await act(() => page.getByRole("button", { name: /^Undo/ }).first().click(), "dismiss");
    const kept = [await field(page, "Note").inputValue(), (await api(`/volumes/${id}`)).title];
    await act(() => page.getByRole("button", { name: /^Undo/ }).first().click(), "accept");
    await notified(page, "The change is undone");
    await page.waitForFunction(() => document.querySelector("input[name=title]")?.value === "Before");
    return { asked: new Set(asked).size, times: asked.length, kept };
  },

  async odd_keys(page) {
    const names = ["create", "show", ".", "..", "", "~", "~2E", "%2F", "a/../b", "#?&", "bulk", "\\", "\u05d0\u05d1"];
    await make("/odd/bulk/", names.flatMap((code) => (code ? [{ code, source: `of <${code}>` }] : [])));
    const seen = { wrong: [], shown: [] };
    for (const name of names) {
      const filter = { code: { op: "eq", value: name } };
      await go(page, `/odd?filter=${encodeURIComponent(JSON.stringify(filter))}`);
      await page.waitForFunction((text) => [...document.querySelectorAll("tbody td.column-source")].map((each) => each.textContent).join() === text, `of <${name}>`);
      await rows(page).first().click();
      await page.waitForFunction(() => /^#.odd.~?[^?]*$/.test(location.hash));
      if (["", ".", ".."].includes(name)) {
        await page.locator("dd", { hasText: `of <${name}>` }).waitFor();
        seen.shown.push(name);
        continue;
      }
      await editable(page);
      const source = page.locator("input[name=source]");
      if ((await source.inputValue()) !== `of <${name}>`) seen.wrong.push(name);
      await source.fill(`changed <${name}>`);
      await button(page, "Save").click();
      await notified(page, "Element updated");
      if ((await page.getByRole("heading", { name: "new" }).count()) > 0) seen.wrong.push(name);
    }
    const { items } = await api("/odd/?source__startswith=changed&limit=100");
    seen.changed = items.filter(({ code, source }) => source === `changed <${code}>`).length;
    await api("/odd/bulk/", { method: "DELETE", body: names.filter((name) => name) });
    return seen;
  },

  async odd_names(page) {
    const texts = ["source", "resource", "key", "ref", "children", "record", "constructor", "deleted"];
    const labelled = (name) => field(page, name.charAt(0).toUpperCase() + name.slice(1));
    await go(page, "/odd/create");
    await page.locator("input[name=code]").fill("odd");
    await field(page, "Id").fill("77");
    await field(page, "Root").fill("much too long");
    for (const name of ["length", "limit"]) await labelled(name).fill("3");
    for (const name of texts) await labelled(name).fill(`a ${name}`);
    await button(page, "Save").click();
    const message = page.locator(".MuiFormHelperText-root.Mui-error");
    await message.waitFor();
    const told = [await message.textContent(), await field(page, "Root").getAttribute("aria-invalid")];
    await field(page, "Root").fill("a root");
    await button(page, "Save").click();
    await rows(page).first().waitFor();
    const made = await api("/odd/odd");
    await page.getByRole("link", { name: "odd", exact: true }).click();
    await editable(page);
    await field(page, "Id").fill("78");
    await field(page, "Root").fill("b root");
    await labelled("length").fill("4");
    for (const name of texts) await labelled(name).fill(`b ${name}`);
    await button(page, "Save").click();
    await rows(page).first().waitFor();
    const changed = await api("/odd/odd");
    // Conditions on them, two on one, and a search and what is deleted beside.
    await addFilter(page, "Deleted", "contains", (dialog) => dialog.getByLabel("Value").fill("b del"));
    await addFilter(page, "Limit", "is at least", (dialog) => dialog.getByLabel("Value").fill("3"));
    await addFilter(page, "Limit", "is at most", (dialog) => dialog.getByLabel("Value").fill("3"));
    await addFilter(page, "Root", "is", (dialog) => dialog.getByLabel("Value").fill("b root"));
    await page.getByRole("searchbox", { name: "Search" }).fill("b record");
    await page.waitForFunction(() => location.hash.includes("record"));
    await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
    const conditions = await page.getByRole("search").locator(".MuiChip-label").allTextContents();
    await make("/login/", { name: "named q", q: "of q", text: "found" });
    await go(page, "/login");
    await page.getByRole("searchbox", { name: "Search" }).fill("found");
    await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
    await addFilter(page, "Q", "contains", (dialog) => dialog.getByLabel("Value").fill("of"));
    await page.waitForFunction(() => location.hash.includes("icontains"));
    const search = [await page.getByRole("searchbox", { name: "Search" }).inputValue(), decodeURIComponent(page.url()).includes("found")];
    for (const path of ["/odd/odd", "/login/named%20q"]) await api(path, { method: "DELETE" });
    return { told, made, changed, conditions, search };
  },

  async twice(page) {
    await go(page, "/shelves/create");
    await page.getByLabel("Name").fill("Clicked twice");
    await page.route((url) => url.pathname === "/shelves/", async (route) => {
      if (route.request().method() === "POST") await new Promise((resolve) => setTimeout(resolve, 300));
      await route.continue();
    });
    await button(page, "Save").dblclick();
    await rows(page).first().waitFor();
    return (await api("/shelves/?name=Clicked%20twice")).total;
  },

  async names(page) {
    const seen = { pages: [] };
    await go(page, "/login");
    await rows(page).first().waitFor();
    seen.pages.push(await cells(page, "name"));
    await relisted(page, "/login/", () => button(page, "Go to page 2").click());
    await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 2);
    seen.pages.push(await cells(page, "name"));
    await page.getByRole("searchbox", { name: "Search" }).fill("of a");
    await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 2);
    for (const name of ["a%2Fb", "a/b"]) {
      await page.getByRole("link", { name, exact: true }).click();
      await page.waitForFunction((name) => document.querySelector("textarea[name=text]")?.value.startsWith(`of ${name}\n`), name);
      await editable(page);
      seen[name] = await page.locator("input[name=heard_at]").inputValue();
      await page.locator("textarea[name=text]").press("Control+End");
      await page.keyboard.type(` of ${name}`);
      await button(page, "Save").click();
      await rows(page).nth(1).waitFor();
    }
    return { ...seen, stored: (await api("/login/?text__contains=lines of&sort=name")).items.map((each) => each.text) };
  },

  async lost_answers(page, seen) {
    const keys = [];
    const lose = (method) =>
      page.route(
        (url) => url.pathname.startsWith("/shelves"),
        async (route) => {
          if (route.request().method() !== method) return route.fallback();
          keys.push(route.request().headers()["idempotency-key"]);
          if (keys.length % 2 === 0) return route.continue();
          await route.fetch();
          await route.abort("connectionreset");
        },
      );
    await lose("POST");
    await go(page, "/shelves/create");
    await page.getByLabel("Name").fill("Made once");
    await button(page, "Save").click();
    await notified(page, "it is not known whether this was done");
    await button(page, "Save").click();
    await notified(page, "Element created");
    const { items, total } = await api("/shelves/?name=Made once");
    await page.unrouteAll();
    await lose("PATCH");
    await go(page, `/shelves/${items[0].id}`);
    await editable(page);
    await page.getByLabel("Name").fill("Changed once");
    await button(page, "Save").click();
    await notified(page, "it is not known whether this was done");
    await button(page, "Save").click();
    await notified(page, "Element updated");
    seen.errors.splice(0); // of the connections that were lost
    return { total, keys: new Set(keys).size, row: (await api(`/shelves/${items[0].id}`)).name };
  },

  async keyless(page, seen) {
    await make("/keys/close");
    await go(page, "/shelves/create");
    await page.getByLabel("Name").fill("Without a key");
    await button(page, "Save").click();
    await notified(page, "Element created");
    const { items } = await api("/shelves/?name=Without a key");
    await go(page, `/shelves/${items[0].id}`);
    await editable(page);
    await page.getByLabel("Name").fill("Changed without");
    await button(page, "Save").click();
    await notified(page, "Element updated");
    await make("/keys/open");
    seen.errors.splice(0); // of the answers with 503
    return (await api(`/shelves/${items[0].id}`)).name;
  },

  async unread(page, seen) {
    const told = [];
    await page.route("**/shelves/*", (route) => route.fulfill({ status: 502, contentType: "text/html", body: "<html>" }));
    await go(page, "/shelves");
    await page.getByRole("alert").first().waitFor();
    told.push(await page.getByRole("alert").first().innerText(), await page.getByText("found").count());
    await page.unrouteAll();
    await page.route("**/shelves/*", (route) => route.fulfill({ contentType: "text/html", body: "<html>" }));
    await button(page, "Try again").click();
    await page.getByText("Something else than the API").first().waitFor();
    await page.unrouteAll();
    await button(page, "Try again").click();
    await rows(page).first().waitFor();
    seen.errors.splice(0); // of the answer with 502
    return told;
  },

  async typing(page) {
    await go(page, "/volumes");
    await rows(page).first().waitFor();
    const search = page.getByRole("searchbox", { name: "Search" });
    await search.focus();
    // About as long apart as the page waits for more.
    for (const [at, letter] of [..."volume 0"].entries()) {
      await page.keyboard.type(letter);
      await page.waitForTimeout(396 + 4 * at);
    }
    const typed = await search.inputValue();
    // A filter that comes while the search is still waited for.
    await button(page, "Filter").click();
    await pick(page, "Field", "Pages");
    await page.getByRole("dialog", { name: "Filter" }).getByLabel("Value").fill("105");
    await page.evaluate(() => {
      const box = document.querySelector("input[type=search]");
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(box, "volume");
      box.dispatchEvent(new Event("input", { bubbles: true }));
      [...document.querySelectorAll("button")].find((each) => each.textContent === "Apply").click();
    });
    await page.waitForFunction(() => location.hash.includes('volume"') || location.hash.includes("volume%22"));
    await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
    return { typed, found: await cells(page, "title") };
  },

  async refused(page, seen) {
    await go(page, "/shelves/6");
    await editable(page);
    await page.getByLabel("Name").fill("Not stored");
    await page.route("**/shelves/6*", (route) =>
      route.request().method() === "PATCH" ? route.fulfill({ status: 503, contentType: "text/html", body: "" }) : route.continue(),
    );
    await button(page, "Save").click();
    await notified(page, "Service Unavailable");
    seen.errors.splice(0); // of the answer with 503
    const [dialog] = await Promise.all([page.waitForEvent("dialog"), page.getByRole("menuitem", { name: "Subjects" }).click()]);
    await dialog.dismiss();
    return [dialog.type(), await page.getByLabel("Name").inputValue()];
  },

  async given(page) {
    // What a bookmark, or another person at this browser, has left.
    const filter = { salary: { op: "gte", value: "5" }, name: "Shelf 07" };
    await go(page, `/shelves?filter=${encodeURIComponent(JSON.stringify(filter))}`);
    await page.getByText("is not a parameter").first().waitFor();
    const told = await page.getByRole("search").locator(".MuiChip-label").allTextContents();
    await page.getByRole("search").locator(".MuiChip-root", { hasText: "Salary" }).locator(".MuiChip-deleteIcon").click();
    await rows(page).first().waitFor();
    return { told, found: await cells(page, "name") };
  },

  async many(page) {
    const body = ["m 1", "m 2"].map((name) => ({ name }));
    await make("/login/bulk/", body);
    await go(page, "/login");
    await page.getByRole("searchbox", { name: "Search" }).fill("m");
    await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 2);
    const sent = [];
    page.on("request", (request) => {
      if (request.method() !== "GET") sent.push(`${request.method()} ${request.postData()}`);
    });
    const change = page.getByRole("dialog", { name: /^Change/ });
    for (const [name, act] of [
      ["Condition", () => change.getByText("Required").first().waitFor()],
      ["Lines", () => change.getByText("Required").first().waitFor()],
      ["Text", () => notified(page, "1 row changed")],
    ]) {
      await rows(page).first().getByRole("checkbox").check();
      await button(page, "Change").click();
      await pick(page, "Field", name);
      await change.getByRole("button", { name: /^Change/ }).click();
      await act();
      if (name === "Text") break;
      await button(page, "Cancel").click();
      await change.waitFor({ state: "hidden" });
    }
    await change.waitFor({ state: "hidden" });
    for (const row of [0, 1]) await rows(page).nth(row).getByRole("checkbox").check();
    await button(page, "Delete").click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete 2 rows" }).dblclick();
    await notified(page, "2 rows deleted");
    return sent;
  },

  async years(page) {
    await make("/login/", { name: "year", seen_at: "2026-05-04T03:02:01Z" });
    await go(page, "/login/year");
    await editable(page);
    await page.getByLabel(/^Seen at/).focus();
    for (const key of ["Tab", "Tab"]) await page.keyboard.press(key);
    await page.keyboard.type("20277");
    const sent = sending(page, "PATCH");
    await button(page, "Save").click();
    const body = JSON.parse((await sent).postData());
    await notified(page, "Element updated");
    await api("/login/year", { method: "DELETE" });
    return body.seen_at !== null;
  },

  async keyboard(page) {
    await go(page, "/shelves");
    await rows(page).first().waitFor();
    await page.getByRole("searchbox", { name: "Search" }).focus();
    await page.keyboard.press("Tab");
    const filter = await page.evaluate(() => document.activeElement.textContent);
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Filter" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog", { name: "Filter" }).waitFor({ state: "hidden" });
    const back = await page.evaluate(() => document.activeElement.textContent);
    await page.getByRole("link", { name: "Shelf 00" }).focus();
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("input[name=name]")?.value === "Shelf 00");
    return { filter, back };
  },

  async accessible(page) {
    const found = {};
    for (const [name, path, ready] of [
      ["home", "/", () => page.getByRole("heading", { name: "Volumes" })],
      ["list", "/volumes", () => rows(page).first()],
      ["edit", "/volumes/4", () => page.getByRole("region", { name: "History" }).getByRole("listitem").first()],
      ["create", "/volumes/create", () => page.getByLabel("Title")],
      ["show", "/volumes/4/show", () => page.getByText("Volume 03").last()],
    ]) {
      for (const colorScheme of name === "create" || name === "show" ? ["light"] : ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        await go(page, path);
        await ready().waitFor();
        const problems = await inspect(page);
        if (problems.length) found[`${name} ${colorScheme}`] = problems;
      }
    }
    return found;
  },

  async phone(page) {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: "dark" });
    const wide = [];
    const { name } = await make("/login/", { name: "n".repeat(3000), text: "🦜".repeat(200) });
    for (const [path, ready] of [
      ["/", () => page.getByRole("heading", { name: "Volumes" })],
      ["/volumes", () => page.getByText("Volume 05")],
      ["/volumes/4", () => page.getByLabel("Title")],
      ["/login?page=2", () => page.getByText("nnnn…").first()],
    ]) {
      await go(page, path);
      await ready().waitFor();
      if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) wide.push(path);
    }
    await go(page, "/subjects/1");
    await editable(page);
    if ((await page.locator("form").boundingBox()).width < 350) wide.push("a form is narrow");
    await api(`/login/${name}`, { method: "DELETE" });
    return { wide, dark: await page.evaluate(() => getComputedStyle(document.body).backgroundColor) };
  },

  async others(page) {
    const writes = [];
    page.on("request", (request) => {
      if (request.method() === "PATCH") writes.push(request.headers().authorization);
    });
    await page.goto(`${readers}/admin#/loans`);
    await signIn(page, "ann", "a long password");
    await rows(page).first().waitFor();
    await rows(page).nth(1).getByRole("checkbox").check();
    await page.getByRole("searchbox", { name: "Search" }).fill("ann's");
    await page.waitForFunction(() => location.hash.includes("ann"));
    await page.getByRole("link", { name: "ann's 1" }).click();
    await editable(page);
    await page.locator("input[name=subject]").fill("typed by ann");
    await fetch(`${readers}/expire?token=nna`, { method: "POST" });
    await button(page, "Save").click();
    await page.getByText("Please sign in again").waitFor();
    await page.waitForFunction(() => getComputedStyle(document.querySelector(".MuiBackdrop-root")).opacity === "1");
    const covered = await isCovered(page);
    await signIn(page, "bob", "a long password");
    await page.getByRole("heading", { level: 2, name: "Loans" }).waitFor();
    const left = await remains(page, "ann");
    await page.getByRole("menuitem", { name: "Loans" }).click();
    await rows(page).first().waitFor();
    const found = { rows: await cells(page, "subject"), selected: await page.locator("tbody input:checked").count() };
    await fetch(`${readers}/renew?token=nna`, { method: "POST" });
    return { covered, writes, left, ...found };
  },

  async cookies(page) {
    const other = await page.context().newPage();
    await other.goto(`${members}/docs`);
    const be = (name) => other.evaluate((name) => fetch(name ? `/enter?name=${name}` : "/leave", { method: "POST" }), name);
    const seen = [];
    const writes = [];
    page.on("request", (request) => {
      if (request.method() === "PATCH") writes.push(request.url());
    });
    const anew = async (name) => {
      await page.getByRole("heading", { level: 2, name: "Loans" }).waitFor();
      seen.push(await remains(page, name));
      await page.getByRole("link", { name: "Loans" }).first().click();
      await rows(page).first().waitFor();
      seen.push((await cells(page, "subject"))[0]);
    };
    await page.goto(`${members}/admin#/loans`);
    const dialog = page.getByRole("dialog", { name: "Sign in to Members' library" });
    await dialog.waitFor();
    await be("ann");
    await button(page, "Go on").click();
    await rows(page).first().waitFor();
    seen.push((await cells(page, "subject"))[0]);
    // Read again, by somebody else.
    await be("bob");
    await button(page, "Refresh").click();
    await anew("ann");
    // Saved by somebody else.
    await page.getByRole("link", { name: "bob's 0" }).click();
    await editable(page);
    await page.locator("input[name=subject]").fill("typed by bob");
    await be("ann");
    await button(page, "Save").click();
    await anew("bob");
    // Come back to, by somebody else, and by nobody.
    const comeBack = () => page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await be("bob");
    await comeBack();
    await anew("ann");
    await be("");
    await comeBack();
    await dialog.waitFor();
    await be("ann");
    await button(page, "Go on").click();
    await anew("bob");
    // Loaded again, where somebody else has been.
    await page.goto(`${members}/admin#/loans/2`);
    await editable(page);
    await be("bob");
    await page.reload();
    await anew("ann");
    await other.close();
    return { seen, writes };
  },

  async signed_in(page, seen) {
    await page.goto(`${readers}/admin#/loans`);
    await page.getByRole("dialog", { name: "Sign in to Readers' library" }).waitFor();
    const found = await inspect(page);
    await signIn(page, "ann", "wrong");
    await page.getByText("Wrong name or password").waitFor();
    await signIn(page, "ann", "a long password");
    await rows(page).first().waitFor();
    const own = await cells(page, "subject");
    const menu = await page.getByRole("menuitem").allTextContents();
    const creates = await page.getByRole("link", { name: "Create" }).count();
    await page.reload();
    await rows(page).first().waitFor();
    const kept = await page.evaluate(() => [Object.keys(sessionStorage).length, JSON.stringify(localStorage).includes("nna")]);
    // The token ends while somebody is at work, who goes on with another one.
    await rows(page).first().click();
    const subject = page.locator("input[name=subject]");
    await page.waitForFunction(() => document.querySelector("input[name=subject]")?.value === "ann's 0");
    await editable(page);
    await subject.fill("kept while signing in");
    await fetch(`${readers}/expire?token=nna`, { method: "POST" });
    await button(page, "Save").click();
    await page.getByText("Please sign in again").waitFor();
    await fetch(`${readers}/renew?token=nna`, { method: "POST" });
    await signIn(page, "ann", "a long password");
    await page.getByText("kept while signing in").first().waitFor();
    await button(page, "Sign out").click();
    await page.getByRole("dialog", { name: "Sign in to Readers' library" }).waitFor();
    const left = await page.evaluate(() => Object.keys(sessionStorage).length);
    // Neither the rows of others nor a field that readers may not see has come here at all.
    const told = seen.bodies.filter((body) => /internal|bob/.test(body));
    return { found, own, menu: menu.map((each) => each.trim()), creates, kept, left, told };
  },
};

const context = await browser.newContext({ timezoneId: "Asia/Tokyo", locale: "en-GB", viewport: { width: 1400, height: 900 } });
context.setDefaultTimeout(60_000);
const page = await context.newPage();
const seen = { errors: [], bodies: [] };
page.on("pageerror", (error) => seen.errors.push(error.message));
page.on("console", (message) => {
  if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) seen.errors.push(message.text());
});
page.on("request", (request) => {
  if (![open, readers, members, "blob:", "data:"].some((start) => request.url().startsWith(start))) seen.errors.push(request.url());
});
page.on("response", async (response) => {
  if (/json|csv/.test(response.headers()["content-type"] ?? "")) seen.bodies.push(await response.text().catch(() => ""));
});
let result;
try {
  result = { saw: await scenarios[name](page, seen), errors: seen.errors };
} catch (error) {
  const text = await page.locator("body").innerText().catch(() => "");
  result = { failed: `${error.stack}\nThe page: ${text.slice(0, 1500)}`, errors: seen.errors };
}
await context.close();
await browser.close();
console.log(JSON.stringify(result));
