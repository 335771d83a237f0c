/*
 * All about one key, and what can be done to it.  Its secret is shown once and
 * is nowhere then: in no URL, attribute, title or storage.
 */

import { edit } from "./form.js";
import { ask, attempt, button, choice, date, facts, field, h, list, number,
  open, put, relative, t, when } from "./kit.js";
import { opened } from "./scopes.js";
import { badges, nameOf, samples, sum, usage } from "./show.js";
import { verdicts } from "./texts.js";

const FORGET = 600000;


export function secret(page, key) {
  let copied = false;
  const text = h("input.kg-mono", { value: key.secret, readOnly: true,
    autocomplete: "off", spellcheck: "false", oncopy: () => {
      copied = true;
    } });
  const code = samples(page, key.secret);
  const copy = button(t`Copy`, async () => {
    if (await page.copy(text.value, text)) {
      copied = true;
      put(copy, t`Copied`);
    }
  }, ".kg-primary");
  const warning = h("p.kg-problem", { role: "alert", hidden: true },
    t`You have not copied the key. It cannot be shown again.`);
  const done = button(t`Done`, leave);
  const dialog = open(page, t`Copy your key now`, ".kg-wide", h("div.kg-form",
    h("div.kg-row", field("secret", t`The key of ${nameOf(key)}`, text), copy),
    h("p", t`It is shown this once. Keep it where you keep passwords.`),
    page.session.example && code, warning, h("div.kg-actions", done)));
  const timer = setTimeout(drop, FORGET);

  delete key.secret;

  /* Nothing is left of it, whichever way the dialog ends. */

  function drop() {
    text.value = "";
    code.remove();
    clearTimeout(timer);
    removeEventListener("pagehide", drop);
    dialog.close();
  }

  function leave() {
    if (copied || !warning.hidden) {
      drop();
    }

    warning.hidden = false;
    put(done, t`Close without copying`);
    copy.focus();
  }

  addEventListener("pagehide", drop);
  dialog.addEventListener("close", drop);
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    leave();
  });
  text.select();
  copy.focus();
}


/* Tells, too, how many gates know of it, where that is not all of them. */

async function act(page, key, what, said, body) {
  const { json } = await page.call("POST", page.path(key, "/" + what), body);
  const { applied, nodes } = json.receipt || {};

  page.changed(said + (applied < nodes
    ? " " + t`In force on ${applied} of ${nodes} gateways so far.` : ""));

  return json;
}


function rotate(page, key, done) {
  const until = h("p");
  const choose = choice({ 0: t`No longer`, 1: t`1 hour`, 24: t`24 hours`,
    168: t`7 days` }, "24", tell);
  const chosen = () => choose.querySelector(":checked").value;

  function tell() {
    const end = date(Date.now() + chosen() * 36e5, "short");

    put(until, chosen() > 0
      ? t`It works until ${end}. Replace it everywhere by then.`
      : t`What still uses it is refused at once.`);
  }

  tell();
  ask(page, { title: t`Rotate the secret of ${nameOf(key)}?`,
    label: t`Rotate secret`, content: [
      h("p", t`It gets a new secret. Its id, access and limits stay.`),
      field("overlap", t`The old secret works for`, [choose]), until],
    async act() {
      const json = await act(page, key, "rotate",
        t`${nameOf(key)} has a new secret.`, { overlap: chosen() + "h" });

      return () => {
        done();
        secret(page, json);
      };
    } });
}


function suspend(page, key, done) {
  ask(page, { title: t`Suspend ${nameOf(key)}?`, label: t`Suspend`,
    content: h("p", t`What uses it is refused until you resume it.`),
    act: () => act(page, key, "suspend", t`${nameOf(key)} is suspended.`)
      .then(() => done) });
}


/* Says what is at stake before it is lost. */

function revoke(page, key, done) {
  const week = h("p");
  const used = h("strong");
  const tell = (now) => put(used, now.last_used_at
    ? t`It was last used ${relative(now.last_used_at)}.`
    : t`It has not been used.`);

  tell(key);
  page.call("GET", page.path(key)).then(({ json }) => tell(json), () => {});
  page.usage(key).then((data) => data && put(week,
    t`Requests in the last 7 days: ${number(sum(data, 7)[0])}.`));
  ask(page, { title: t`Revoke ${nameOf(key)}?`, danger: true,
    label: t`Revoke ${nameOf(key)}`, content: [
      h("p", used), week,
      h("p", t`What uses it stops working at once. This cannot be undone.`)],
    act: () => act(page, key, "revoke", t`${nameOf(key)} is revoked.`)
      .then(() => done) });
}


export async function sheet(page, id) {
  const { session } = page;
  const body = h("div.kg-form");
  const dialog = open(page, "", ".kg-side",
    button(t`Close`, () => dialog.close(), ".kg-close"), body);
  let etag, key;

  const load = () => attempt(page, body, async () => {
    ({ json: key, etag } = await page.call("GET", page.path({ id })));
    draw();
  });
  const again = () => load().then(() => body.querySelector("button").focus());
  const change = (more) => edit(page, { key, etag, more, done: again });

  function draw() {
    const days = h("div", "…");
    const scopes = opened(session.scopes, key.scopes || []);

    put(dialog.querySelector("h2"), nameOf(key));
    put(body, h("p.kg-row", h("code", id), button(t`Copy id`,
      () => page.copy(id), ".kg-small")), badges(key),
    h("p.kg-row", buttons()),
    facts([t`Created`, when(key.created_at)],
      key.rotated_at && [t`Secret from`, when(key.rotated_at)],
      [t`Last used`, when(key.last_used_at)],
      [t`Expires`, when(key.expires_at)],
      [t`Addresses`, (key.addresses || []).join(", ") || t`Any`],
      key.changed_by && [t`Changed by`, h("bdi", key.changed_by)],
      ...(key.limits || []).map(({ remaining, limit, unit }) =>
        [t`Left this ${unit}`, `${number(remaining)} / ${number(limit)}`])),
    h("h3", t`Access`), scopes[0] ? h("ul", scopes.map((scope) => h("li",
      h("code", scope.name), " ", scope.description)))
      : h("p.kg-hint", t`What needs no scope.`),
    page.charts && [h("h3", t`Usage`), days], page.can("check") && why());
    page.usage(key).then((data) => data && put(days, usage(data)));
  }

  function buttons() {
    const asleep = key.state === "suspended";
    const may = (word, label, what, kind) => page.can(word)
      && button(label, () => what(page, key, again), kind);

    return (asleep || key.state === "live") && [
      may("change", t`Edit`, () => change()),
      may("rotate", t`Rotate secret`, rotate),
      asleep ? may("change", t`Resume`, () => attempt(page, body, () =>
        act(page, key, "resume", t`${nameOf(key)} works again.`).then(again)))
        : may("change", t`Suspend`, suspend),
      may("revoke", t`Revoke`, revoke, ".kg-risky")];
  }

  function why() {
    const method = h("select", ["GET", "POST", "PUT", "PATCH", "DELETE"].map(
      (name) => h("option", name)));
    const path = h("input", { autocomplete: "off", spellcheck: "false",
      value: session.base + "/" });
    const told = h("div", { "aria-live": "polite" });
    const form = h("form.kg-why", { noValidate: true, onsubmit(event) {
      event.preventDefault();
      put(told);
      attempt(page, form, async () => {
        const { json } = await page.call("POST", "check", { key_id: id,
          method: method.value, path: path.value.trim() });

        put(told, answer(json));
      });
    } }, h("h3", t`Why was I refused?`),
    h("p.kg-hint", t`What would happen to a request with this key, now.`),
    h("div.kg-row", field("method", t`Method`, method),
      field("path", t`Path`, path), h("button.kg-button", t`Check`)), told);

    return form;
  }

  /* In words, and with a way to add what is missing. */

  function answer(json) {
    const { one_of: some, missing_scopes: missing } = json;
    const add = session.scopes.filter((scope) => scope.offered
      && missing.includes(scope.name)).map((scope) => scope.name)
      .slice(0, some ? 1 : 99);
    const fill = { base: session.base, retry: json.retry_after,
      methods: list(json.methods),
      scopes: list(missing, some ? { type: "disjunction" } : {}) };

    return [
      h(json.allowed ? "p.kg-yes" : "p.kg-no",
        h("strong", `${json.status} `), (verdicts[json.verdict]
          || json.verdict).replace(/\{(\w+)\}/g, (all, name) => fill[name])),
      json.when.filter((rule) => rule.held === false).map((rule) =>
        h("p.kg-hint",
          t`A body with “${rule.member}” needs ${rule.scope} too.`)),
      add[0] && page.can("change") && key.state === "live"
        && button(t`Add ${list(add)}`, () => change(add))];
  }

  await load();
}
