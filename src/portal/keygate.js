/*
 * <keygate-keys api="...">: where the users of an account make and manage its
 * keys.  It speaks with keygate_portal at "api", and draws itself into the
 * document, whose styles hold.  "base" is the public URL of the API, where it
 * is not this host's; "login" is where to sign in again; "heading" is the
 * level of the heading.
 */

import { edit } from "./form.js";
import { attempt, button, call, facts, h, id, number, put, t, when }
  from "./kit.js";
import { secret, sheet } from "./key.js";
import { opened } from "./scopes.js";
import { badges, bars, header, nameOf, samples } from "./show.js";


/* A table of the keys in some states, a page after the other. */

function table(page, states, none) {
  const node = h("div");
  let [keys, turn] = [[]];

  const own = { node, async load(n = Math.max(25, keys.length)) {
    const mine = turn = {};
    const found = [];
    let [state, cursor] = [0];

    while (found.length < n && states[state]) {
      const { json } = await page.call("GET", "keys?" + new URLSearchParams({
        state: states[state], limit: Math.min(100, n - found.length),
        ...cursor && { cursor }, ...page.filter }));

      found.push(...json.data);
      cursor = json.next_cursor;
      state += cursor ? 0 : 1;
    }

    if (turn === mine) {
      keys = found;
      own.whole = !states[state];
      own.n = keys.length;
      draw();
    }
  } };

  function draw() {
    const { key: from } = document.activeElement.dataset;
    const head = [t`Key`, t`Access`, t`Last used`, t`Expires`,
      page.charts && t`Last 30 days`].filter(Boolean);

    put(node, keys[0] ? h("table.kg-table", h("thead", h("tr", head.map(
      (text) => h("th", { scope: "col" }, text)), h("td"))),
    h("tbody", keys.map((key) => row(key, head)))) : none(),
    !own.whole && h("p", button(t`Show more`, () => attempt(page, node,
      async () => {
        const n = keys.length;

        await own.load(n + 25);
        node.querySelectorAll("[data-key]")[n]?.focus();
      }))));
    page.focusOn(from, node);
  }

  function row(key, head) {
    const all = page.session.scopes.length;
    const n = opened(page.session.scopes, key.scopes || []).length;
    const cells = [n === all ? t`All scopes` : t`${n} of ${all} scopes`,
      when(key.last_used_at), when(key.expires_at), page.charts && " "].map(
      (cell, i) => cell && h("td", { "data-name": head[i + 1] }, cell));

    page.usage(key).then((data) => data && put(cells[3], h("div",
      bars(data))));

    return h("tr", h("th", { scope: "row" }, h("bdi", nameOf(key)),
      h("code", key.id), badges(key)), cells,
    h("td", h("button.kg-button", { type: "button", "data-key": key.id,
      "aria-label": t`Manage ${nameOf(key)}`,
      onclick: () => sheet(page, key.id) }, t`Manage`)));
  }

  return own;
}


class Keys extends HTMLElement {
  connectedCallback() {
    if (!this.main) {
      this.filter = {};
      this.queue = Promise.resolve();
      this.live = h("div.kg-live", { "aria-live": "polite" });
      this.main = h("div.kg-form", h("p.kg-hint", t`Loading…`));
      this.append(this.main, this.live);
      this.start();
    }
  }

  disconnectedCallback() {
    this.querySelectorAll("dialog").forEach((dialog) => dialog.close());
  }

  start() {
    return attempt(this, this.main, async () => {
      const { json } = await this.call("GET", "session");

      this.session = json;
      this.charts = json.usage && this.can("usage");
      this.base = this.getAttribute("base")
        || new URL(json.base, location.href).href;
      this.used = table(this, ["live", "suspended"], () => this.empty());
      this.gone = table(this, ["revoked", "expired"],
        () => h("p.kg-hint", t`None.`));
      await this.used.load();
      this.draw();
    }, button(t`Try again`, () => this.start()));
  }

  can(word) {
    return this.session.can.includes(word);
  }

  call(...request) {
    return call(new URL(this.getAttribute("api").replace(/\/*$/, "/"),
      document.baseURI), ...request);
  }

  path(key, rest = "") {
    return "keys/" + encodeURIComponent(key.id) + rest;
  }

  create() {
    return this.can("create") && button(t`Create key`, () => edit(this, {
      done: (key) => secret(this, key) }), ".kg-primary");
  }

  draw() {
    const { session, used } = this;
    const { account, rates, user } = session;

    this.room = h("span");
    this.heading = h("h" + (this.getAttribute("heading") || 1),
      { tabindex: -1 }, t`API keys`);
    put(this.main, h("header", h("div", this.heading, h("p.kg-hint",
      account ? nameOf(account) : t`All accounts`, " · ",
      t`signed in as ${user}`, this.room)), this.create()),
    facts([t`Base URL`, h("code", this.base)],
      [t`Send the key as`, h("code", header(session, "…").join(": "))],
      [t`Limits`, rates.map(({ limit, unit, per }) => per === "account"
        ? t`${number(limit)} a ${unit} for all keys`
        : t`${number(limit)} a ${unit} for each key`).join(", ")
        || t`None`]),
    h("div.kg-row", !account && this.find("account", t`Account`,
      this.choices()), (!used.whole || used.n > 8)
      && this.find("name", t`Find by name`)),
    used.node, h("details", { ontoggle: ({ target }) => {
      this.open = target.open;
      this.refresh();
    } }, h("summary", t`Revoked and expired keys`), this.gone.node));
    this.count();
  }

  find(name, label, more) {
    return h("label", label, h("input", { type: "search", autocomplete: "off",
      ...more, oninput: ({ target }) => {
        this.filter = { ...this.filter, [name]: target.value.trim() };

        if (!this.filter[name]) {
          delete this.filter[name];
        }

        this.refresh();
      } }));
  }

  choices() {
    const all = h("datalist", { id: this.accounts = id() });

    this.append(all);
    attempt(this, this.main, async () => put(all, (await this.call("GET",
      "accounts?limit=100")).json.data.map((one) => h("option",
      { value: one.id }, one.name))));

    return { list: all.id };
  }

  empty() {
    return this.filter.name ? h("p.kg-hint", t`No key has such a name.`)
      : h("div.kg-empty", h("p",
        t`Keys let your scripts and tools use the API. There is none yet.`),
      this.create(), this.session.example && samples(this, "…"));
  }

  count() {
    const { session, used, filter } = this;

    put(this.room, session.keys && session.account && used.whole
      && !filter.name && " · " + t`${used.n} of ${session.keys} keys`);
  }

  refresh() {
    return attempt(this, this.main, async () => {
      await this.used.load();
      this.count();
      await (this.open && this.gone.load());
    });
  }

  changed(text) {
    this.announce(text);
    this.refresh();
  }

  /* To the key's button, when what had the focus is gone. */

  focusOn(key, within = this) {
    if (document.activeElement === document.body && key) {
      within.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
    }
  }

  settle(key) {
    this.focusOn(key);

    if (document.activeElement === document.body) {
      this.heading?.focus();
    }
  }

  /* Where it is heard: in the dialog that is open, if there is one. */

  announce(text) {
    clearTimeout(this.hush);
    put(this.live);
    this.hush = setTimeout(() => {
      ([...this.querySelectorAll("dialog[open]")].at(-1) || this)
        .append(this.live);
      put(this.live, text);
      this.hush = setTimeout(() => put(this.live), 8000);
    }, 50);
  }

  async copy(text, input) {
    try {
      await navigator.clipboard.writeText(text);

    } catch {
      input?.select();

      if (!input || !document.execCommand("copy")) {
        this.announce(t`Press Ctrl+C or ⌘C to copy it.`);

        return false;
      }
    }

    this.announce(t`Copied`);

    return true;
  }

  /* A key's usage by day, or null; one after the other. */

  usage(key) {
    return this.queue = this.queue.then(async () => this.charts
      ? (await this.call("GET", this.path(key, "/usage?days=30"))).json.data
      : null).catch(() => null);
  }
}


if (!customElements.get("keygate-keys")) {
  customElements.define("keygate-keys", Keys);
}
