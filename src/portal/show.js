/*
 * What is shown of keys: badges, usage by day, where a key is sent.
 */

import { age, choice, date, h, inDays, list, number, plain, put, relative, t }
  from "./kit.js";

const day = (n) => inDays(n).toISOString().slice(0, 10);

const refusals = (of) => Object.values(of.refused).reduce((a, b) => a + b, 0);

export const nameOf = (key) => plain(key.name || key.id);


/* What is to be known of a key at a glance. */

export function badges({ state, ...key }) {
  const live = state === "live";
  const made = key.rotated_at || key.created_at;
  const end = key.expires_at;
  const badge = (kind, text) => h("li.kg-badge" + kind, text);

  return h("ul.kg-badges",
    live && badge(".kg-ok", t`Active`),
    state === "suspended" && badge(".kg-warn", t`Suspended`),
    state === "revoked" && badge("", t`Revoked ${relative(key.revoked_at)}`),
    state === "expired" && badge("", t`Expired ${relative(end)}`),
    live && end && age(end) > -31
      && badge(".kg-warn", t`Expires ${relative(end)}`),
    live && key.previous && badge("",
      t`Old secret until ${date(key.previous.until, "short")}`),
    live && age(made) > 90
      && badge(".kg-warn", t`Secret is ${age(made)} days old`),
    live && age(key.last_used_at || made) >= 30
      && badge("", t`Not used for 30 days`));
}


/* Requests of the last days, and how many of them were refused. */

export const sum = (data, days) => data.filter((of) => of.day > day(-days))
  .reduce(([all, refused], of) => [all + of.allowed + refusals(of),
    refused + refusals(of)], [0, 0]);


export function bars(data) {
  const [all, refused] = sum(data, 30);
  const most = Math.max(1, ...data.map((of) => of.allowed + refusals(of)));
  const bar = (kind, x, from, n) => n > 0 && h("rect." + kind, { x, width: 3,
    y: 24 - Math.max(1, (from + n) / most * 24),
    height: Math.max(1, n / most * 24) });

  return [h("svg.kg-bars", { viewBox: "0 0 119 24", "aria-hidden": "true",
    preserveAspectRatio: "none" }, [...Array(30).keys()].map((i) => {
    const of = data.find((each) => each.day === day(i - 29));

    return of && [bar("kg-allowed", i * 4, 0, of.allowed),
      bar("kg-refused", i * 4, of.allowed, refusals(of))];
  })), h("p.kg-hint", all === 1 ? t`1 request` : t`${number(all)} requests`,
    refused > 0 && h("b.kg-wrong", t`${number(refused)} refused`))];
}


/* The picture, and the table that says the same. */

export function usage(data) {
  const row = (kind, first, ...rest) => h("tr", h("th", { scope: kind },
    first), rest.map((text) => h(kind === "row" ? "td" : "th", text)));

  return [bars(data), data[0] && h("details", h("summary", t`By day`),
    h("table", h("thead", row("col", t`Day`, t`Allowed`, t`Refused`)),
      h("tbody", data.map((of) => row("row", date(of.day, undefined, "UTC"),
        number(of.allowed), list(Object.entries(of.refused).map(([code, n]) =>
          `${number(n)} ${code}`)) || "0")).reverse())))];
}


/* The name and the value of the header that a key is sent in; "…" stands for
 * any key. */

export function header({ credentials }, key) {
  const way = credentials.find(({ kind }) => kind !== "websocket")
    || credentials[0];
  const { kind, part } = way;

  return kind === "header" ? [way.header, key]
    : kind === "websocket" ? ["Sec-WebSocket-Protocol", way.prefix + key]
      : ["Authorization", kind === "scheme"
        ? `${way.scheme} ${way.param ? way.param + "=" : ""}${key}`
        : kind === "basic"
          ? "Basic " + (key === "…" ? key
            : btoa(part === "password" ? "key:" + key : key + ":"))
          : "Bearer " + key];
}


/* A first request with it, ready to paste. */

export function samples({ session, base }, key) {
  const [name, value] = header(session, key);
  const url = base.replace(/\/$/, "")
    + (session.example || "").slice(session.base.length);
  const all = {
    curl: `curl -i ${url} \\\n  -H "${name}: ${value}"`,
    JavaScript: `const response = await fetch("${url}", {
  headers: { "${name}": "${value}" },
});

console.log(response.status, await response.json());`,
    Python: `import requests

response = requests.get("${url}",
    headers={"${name}": "${value}"})

print(response.status_code, response.json())`,
  };
  const text = h("pre", { tabindex: 0 }, all.curl);

  return h("div.kg-code", choice(Object.fromEntries(Object.keys(all).map(
    (one) => [one, one])), "curl", ({ target }) => {
    put(text, all[target.value]);
  }), text);
}
