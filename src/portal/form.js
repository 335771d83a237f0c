/*
 * The form of a key, new or not; and what to do when somebody else has changed
 * the key meanwhile.
 */

import { ask, button, date, field, h, inDays, put, t } from "./kit.js";
import { picker, told } from "./scopes.js";
import { nameOf } from "./show.js";

const LONG = 36500;


/* A day or never: { node, value() }, a time or null. */

function expiry(max, key, onchange) {
  const most = (max || LONG * 86400) / 86400;
  const day = (n) => inDays(Math.min(n, most)).toISOString().slice(0, 10);
  const old = key?.expires_at;
  const input = h("input", { type: "date", min: day(0), max: day(most),
    value: key ? old?.slice(0, 10) || "" : day(90), onchange });
  const set = (label, value) => button(label, () => {
    input.value = value;
    onchange();
  }, ".kg-small");

  return {
    node: h("div", field("expires_at", t`Expires after`, input),
      h("p.kg-row", [30, 60, 90, 365].filter((n) => n <= most).map((n) =>
        set(t`${n} days`, day(n))), !max && set(t`Never`, ""))),

    value() {
      const end = new Date(input.value + "T23:59:59");

      return input.value === (old || "").slice(0, 10) ? old || null
        : isNaN(end) ? null
          : new Date(Math.min(end, inDays(most) - 6e4)).toISOString()
            .replace(/\.\d+/, "");
    },
  };
}


/* Of a new key, or of { key, etag }; "more" are scopes to be added. */

export function edit(page, { key, etag, more = [], done }) {
  const { session } = page;
  const off = { autocomplete: "off" };
  const name = h("input", { ...off, value: key?.name || "", oninput: sum });
  const account = h("input", { ...off, list: page.accounts,
    value: page.filter.account || "" });
  const addresses = h("textarea", { rows: 3, spellcheck: "false",
    value: (key?.addresses || []).join("\n") });
  const summary = h("p.kg-sum");
  const until = expiry(session.expires, key, sum);
  let scopes;

  scopes = picker(session.scopes, [...key?.scopes || [], ...more], sum);

  const label = key ? t`Save` : t`Create key`;
  const form = ask(page, { kind: ".kg-wide", act: key ? save : create, label,
    title: key ? t`Edit ${nameOf(key)}` : label, content: [
      !session.account && !key && field("account", t`Account`, account),
      field("name", t`Name`, name, t`What uses it, such as Zapier.`),
      scopes.node, until.node,
      h("details", { open: !!key?.addresses?.[0] },
        h("summary", t`Addresses`),
        field("addresses", t`May be used from`, addresses,
          t`An address or CIDR block a line; empty: anywhere.`)),
      summary] });

  function sum() {
    const end = until.value();
    const who = name.value || t`The key`;
    const what = told(session.scopes, scopes?.value() || []);

    put(summary, end ? t`${who} will be able to ${what} until ${date(end)}.`
      : t`${who} will be able to ${what} until it is revoked.`);
  }

  /* A list has no order, and no name is an empty one. */

  const same = (a, b) => JSON.stringify([a || []].flat().sort())
    === JSON.stringify([b || []].flat().sort());

  const values = () => ({ name: name.value.trim(), scopes: scopes.value(),
    expires_at: until.value(),
    addresses: addresses.value.split(/[\s,]+/).filter(Boolean) });

  async function create() {
    const { addresses: from, expires_at, ...body } = values();
    const { json } = await page.call("POST", "keys", { ...body,
      ...from[0] && { addresses: from }, ...expires_at && { expires_at },
      ...!session.account && { account: account.value } });

    page.changed(t`${nameOf(json)} is created.`);

    return () => done(json);
  }

  /* What is different. */

  async function save() {
    const body = Object.fromEntries(Object.entries(values()).filter(
      ([part, value]) => !same(value, key[part])));

    try {
      await page.call("PATCH", page.path(key), body, etag);
      page.changed(t`${nameOf(key)} is changed.`);

    } catch (problem) {
      if (problem.status === 412) {
        problem.more = await meanwhile(body);
      }

      throw problem;
    }

    return done;
  }

  /* Both versions, and a way on from each. */

  async function meanwhile(body) {
    const now = await page.call("GET", page.path(key));
    const row = (first, ...rest) => h("tr", h("th", { scope: "row" }, first),
      rest.map((value) => h("td", [value || []].flat().join(", ") || "–")));

    return [h("table", row(" ", t`Now`, t`Yours`), Object.keys(body).map(
      (part) => row(part, now.json[part], body[part]))), h("p.kg-row",
      button(t`Keep what is now`, () => {
        form.closest("dialog").close();
        done();
      }),
      button(t`Save yours`, () => {
        etag = now.etag;
        form.requestSubmit();
      }))];
  }

  sum();
  name.focus();
}
