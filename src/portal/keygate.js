/*
 * <keygate-keys api="...">: where the users of an account make and manage its
 * keys.  It speaks with keygate_portal at "api", and draws itself into the
 * document, whose styles hold.  "base" is the public URL of the API, where it
 * is not this host's; "login" is where to sign in again; "heading" is the
 * level of the heading.
 *
 * Elements are made of texts and never of markup: whatever a key is called, it
 * is text, and the page's Content-Security-Policy needs no exception.
 */

/* By code or status; for 4xx, after what the server says itself. */
const errors = {
  0: "The server cannot be reached. If you were changing something, look at"
    + " the list before you try again: it may have been done.",
  401: "Your session has ended. Nothing was changed.",
  403: "Ask who manages your account.",
  404: "Close this and look again.",
  412: "Choose what is to stay.",
  422: "Correct it and try again.",
  500: "Something went wrong on our side. Try again in a minute.",
  503: "This cannot be done now. Nothing has changed. Try again in a minute.",
  507: "There is no room for more. Nothing has changed. Tell support.",
  outcome_unknown: "It is not known whether this was done. Look at the list"
    + " before you try again.",
  too_many_keys: "Revoke one that is not needed.",
};

const verdicts = {
  allowed: "It is let in.",
  path_ambiguous: "The path can be read in two ways. Send a plain one,"
    + " without //, .. and encoded slashes.",
  credential_invalid: "The key is not known.",
  key_revoked: "The key is revoked. Use another one.",
  key_suspended: "The key is suspended. Resume it.",
  key_expired: "The key has expired. Create another one.",
  address_not_allowed: "The key may not be used from there.",
  rate_limited: "Too many requests. Wait {retry} seconds.",
  quota_exceeded: "The quota of this month is used up.",
  never: "A request here counts as {cost}, more than a limit of this key ever"
    + " admits.",
  subscription_lapsed: "The subscription is not active. See Billing.",
  plan_required: "The plan does not include this. See Billing.",
  route_not_found: "There is nothing at this path. Is it spelled right, with"
    + " {base} in front?",
  method_not_allowed: "This path takes {methods} only.",
  insufficient_scope: "The key lacks {scopes}.",
};

const DAY = 864e5;
const STEPS = { year: 365 * DAY, month: 30 * DAY, day: DAY, hour: 36e5,
  minute: 6e4, second: 1e3 };

let last = 0;

const id = () => "kg-" + ++last;

/* h("p.hint", { id: "x", onclick: f }, "text", node, [more, false]) makes a
 * <p class="kg-hint">. */
function h(tag, ...rest) {
  const [name, ...classes] = tag.split(".");
  const node = document.createElementNS(/^(svg|rect)$/.test(name)
    ? "http://www.w3.org/2000/svg" : "http://www.w3.org/1999/xhtml", name);

  classes.forEach((one) => node.classList.add("kg-" + one));

  const given = rest[0]?.constructor === Object ? rest.shift() : {};

  for (const [key, value] of Object.entries(given)) {
    if (key === "value" || value === true || value?.call) {
      node[key] = value;
    } else if (value || value === 0) {
      node.setAttribute(key, value);
    }
  }

  return put(node, rest);
}

function put(node, ...kids) {
  node.replaceChildren(...kids.flat(9).filter(Boolean));

  return node;
}

const button = (label, onclick, kind = "") =>
  h("button" + kind, { type: "button", onclick }, label);

const small = (label, onclick) => button(label, onclick, ".small");

const hint = (...content) => h("p.hint", content);

const facts = (...pairs) => h("dl.facts", pairs.map((pair) => pair
  && h("div", h("dt", pair[0]), h("dd", pair[1]))));

const fold = (label, ...content) => h("details", h("summary", label), content);

/* A table: its head, and its rows, whose first cell is a heading, too. */
const table = (kind, head, rows) => h("table" + kind,
  h("thead", h("tr", head.map((text) => text ? h("th", { scope: "col" },
    text) : h("td")))),
  h("tbody", rows.map(([first, ...rest]) => h("tr",
    h("th", { scope: "row" }, first), rest.map((cell, i) =>
      h("td", { "data-name": head[i + 1] }, cell))))));

/* A control, or a list of them, with its label and a place for what is wrong
 * with it. */
function field(name, label, control, text) {
  const many = Array.isArray(control);
  const about = h("p.hint", { id: id() }, text, h("b.wrong"));
  const node = many ? h("fieldset.field", h("legend", label), control, about)
    : h("div.field", h("label", { for: control.id = id() }, label), control,
      about);

  (many ? node : control).setAttribute("aria-describedby", about.id);
  node.dataset.field = name;

  return node;
}

/* { value: label } */
function choice(options, chosen, onchange) {
  const name = id();

  return h("span.choice", { onchange }, Object.entries(options).map(
    ([value, label]) => h("label", h("input", { type: "radio", name, value,
      checked: value === chosen }), label)));
}

/* t`Rotate ${name}`: no name turns round what stands after it. */
const plain = (text) => String(text).replace(
  /[\0-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");

const t = (parts, ...values) => String.raw({ raw: parts },
  ...values.map(plain));

const nameOf = (key) => plain(key.name || key.id);

const spoken = (kind, options) => new Intl[kind](
  document.documentElement.lang || undefined, options);

const number = (n) => spoken("NumberFormat").format(n);

const list = (names, options) => spoken("ListFormat", options).format(names);

const date = (time, timeStyle, timeZone) => spoken("DateTimeFormat",
  { dateStyle: "medium", timeStyle, timeZone }).format(new Date(time));

const age = (time) => Math.floor((Date.now() - new Date(time)) / DAY);

const inDays = (n) => new Date(Date.now() + n * DAY);

const dayOf = (n) => inDays(n).toISOString().slice(0, 10);

function relative(time) {
  const left = new Date(time) - Date.now();
  const [unit, size] = Object.entries(STEPS).find(
    (step) => Math.abs(left) >= step[1]) || ["second", 1000];

  return spoken("RelativeTimeFormat", { numeric: "auto" }).format(
    Math.trunc(left / size), unit);
}

const when = (time) => time ? h("time", { datetime: time,
  title: date(time, "short") }, relative(time)) : "Never";

const some = (one) => [one || []].flat();

const same = (a, b) => some(a).length === some(b).length
  && some(a).every((x) => some(b).includes(x));

/* Does something; what is wrong with it is said in "node". */
async function attempt(page, node, act, ...more) {
  node.querySelectorAll(":scope > .kg-problem").forEach((old) => old.remove());
  node.querySelectorAll(".kg-field .kg-wrong").forEach((old) => put(old));
  node.querySelectorAll("[aria-invalid]").forEach((old) => {
    old.ariaInvalid = null;
  });

  try {
    return await act();
  } catch (problem) {
    if (problem.status === undefined) {
      throw problem;
    }

    const rest = problem.errors.filter((error) => !mark(node, error));

    if (rest[0] || !problem.errors[0]) {
      node.prepend(explain(page, problem, rest, more, problem.more));
      node.scrollIntoView({ block: "nearest" });
    }
  }
}

/* Says at a field what is wrong with it, and goes there. */
function mark(node, { pointer, detail }) {
  const name = pointer.split("/")[1] || "";
  const part = node.querySelector(`[data-field="${CSS.escape(name)}"]`);

  if (part) {
    part.closest("details")?.setAttribute("open", "");
    put(part.querySelector(".kg-wrong"), t`This ${detail}.`);
    part.querySelector("input, textarea").ariaInvalid = "true";
    node.querySelector("[aria-invalid]").focus();
  }

  return part;
}

function explain(page, { status, code, message, request_id }, rest, ...more) {
  return h("div.problem", { role: "alert" },
    h("p", h("strong", status > 401 && status < 500 && message), " ",
      errors[code] || errors[status] || errors[status < 500 ? 404 : 500]),
    rest.map(({ pointer, detail }) => h("p", pointer, " ", detail)),
    status === 401 ? h("a", { href: page.getAttribute("login")
      || location.href }, "Sign in again") : more,
    request_id && h("p.row.hint", t`Request ${request_id}`,
      small("Copy", () => page.copy(request_id))));
}

/* A dialog of the browser's own, which keeps the focus and gives it back. */
function open(page, title, kind, ...content) {
  const own = id();
  const dialog = h("dialog" + kind, { "aria-labelledby": own,
    spellcheck: "false" }, h("h2", { id: own }, title), content);
  const { key } = document.activeElement.dataset;

  dialog.addEventListener("close", () => {
    dialog.remove();
    page.settle(key);
  });
  page.append(dialog);
  dialog.showModal();

  return dialog;
}

/*
 * A question: "act" does it, and the dialog ends when that is done, or says
 * what is wrong; what it returns is called then.  What cannot be undone has
 * its focus on Cancel.
 */
function ask(page, { title, kind = "", content, label, danger, act }) {
  const cancel = button("Cancel", () => dialog.close());
  const form = h("form.form", { noValidate: true, autocomplete: "off",
    async onsubmit(event) {
      event.preventDefault();

      if (!form.ariaBusy) {
        form.ariaBusy = "true";

        const then = await attempt(page, form, act).finally(() => {
          form.ariaBusy = null;
        });

        if (then) {
          dialog.close();
          then();
        }
      }
    } }, content, h("div.actions", cancel,
    h("button" + (danger ? ".danger" : ".primary"), label)));
  const dialog = open(page, title, kind, form);

  if (danger) {
    cancel.focus();
  }

  return form;
}

/*
 * What a key may do: a row of None / Read / Read and write for scopes that
 * look like x:read and x:write, a box for each other one.  Rows are { thing,
 * scopes, levels: [[label, scopes it takes]] } in the catalogue's order.
 */
function rowsOf(catalogue) {
  const find = (name) => catalogue.filter((scope) => scope.name === name);

  return catalogue.flatMap((scope) => {
    const [, thing, act] = /^(.+):(read|write)$/.exec(scope.name) || [];
    const read = find(thing + ":read");
    const write = find(thing + ":write");
    const both = [...read, ...write];

    return !read[0]
      ? { thing: scope.name, scopes: [scope], levels: [["", [scope]]] }
      : act === "write" ? []
        : { thing, scopes: both, levels: [["None", []], ["Read", read],
          ...write[0] ? [["Write", write], ["Read and write", both]] : []] };
  });
}

/* name => which of the chosen ones imply it, however far */
function impliedBy(catalogue, chosen) {
  const implied = {};

  for (const name of chosen) {
    const seen = [name];

    for (const one of seen) {
      for (const next of catalogue.find((scope) => scope.name === one)
        ?.implies || []) {
        if (!seen.includes(next)) {
          seen.push(next);
          (implied[next] ||= []).push(name);
        }
      }
    }
  }

  return implied;
}

function opened(catalogue, scopes = []) {
  const implied = impliedBy(catalogue, scopes);

  return catalogue.filter(({ name }) => scopes.includes(name)
    || implied[name]);
}

/* "read customers and jobs, and read and write leads" */
function told(catalogue, scopes) {
  const has = opened(catalogue, scopes);
  const can = {};

  for (const { thing, scopes: own, levels } of rowsOf(catalogue)) {
    const held = own.filter((scope) => has.includes(scope));
    const [label] = levels.find(([, takes]) => same(takes, held)) || [];

    if (held[0]) {
      (can[label || "Use"] ||= []).push(thing);
    }
  }

  return list(Object.entries(can).map(([verb, things]) =>
    `${verb.toLowerCase()} ${list(things)}`)) || "open what needs no scope";
}

/* { node, chosen }: those that are "given" are chosen at first, and stay where
 * the catalogue does not have them any more. */
function picker(catalogue, given, changed) {
  const chosen = new Set(given);
  const rows = rowsOf(catalogue.filter((scope) => scope.offered
    || chosen.has(scope.name))).map(rowOf);
  const preset = (label, pattern) => small(label, () => {
    chosen.clear();
    catalogue.filter(({ name, offered }) => offered && pattern.test(name))
      .forEach(({ name }) => chosen.add(name));
    draw();
  });
  const node = field("scopes", "Access", [
    h("p.row", h("span.hint", "What it needs, and no more."),
      preset("Read everything", /(^|:)read$/), preset("Nothing", /^$/)),
    h("div.scopes", rows.map((row) => row.node))]);

  function draw() {
    const implied = impliedBy(catalogue, chosen);

    rows.forEach((row) => row.draw(implied));
    changed();
  }

  function rowOf({ thing, scopes, levels }) {
    const name = id();
    const why = h("em");
    const alone = !levels[1];
    const shown = levels.filter(([label]) => label !== "Write"
      || !given.includes(scopes[0].name) && given.includes(scopes[1].name));
    const inputs = shown.map(([, takes]) => h("input", { name,
      type: alone ? "checkbox" : "radio",
      onchange({ target }) {
        scopes.forEach((scope) => chosen.delete(scope.name));
        takes.forEach((scope) => target.checked && chosen.add(scope.name));
        draw();
      } }));
    const title = thing.replace(/[:_-]/g, " ");
    const about = [h("b", title[0].toUpperCase() + title.slice(1)),
      h("span.hint", scopes.map((scope) => scope.description)
        .filter(Boolean).join(". "), " ", why)];

    return {
      node: alone ? h("label.scope", h("span", about), inputs)
        : h("fieldset.scope", h("legend", about), h("span.choice",
          shown.map(([label], i) => h("label", inputs[i], label)))),

      draw(implied) {
        const fixed = scopes.filter((scope) => implied[scope.name]);
        const held = scopes.filter((scope) => chosen.has(scope.name)
          || fixed.includes(scope));

        inputs.forEach((input, i) => {
          const takes = shown[i][1];

          input.checked = same(takes, held);
          input.disabled = alone ? fixed[0]
            : !fixed.every((scope) => takes.includes(scope));
        });
        put(why, fixed[0] && t`Included in ${list(implied[fixed[0].name])}.`);
      },
    };
  }

  draw();

  return { node, chosen };
}

function badges({ state, ...key }) {
  const live = state === "live";
  const made = key.rotated_at || key.created_at;
  const end = key.expires_at;
  const badge = (text, kind = "") => h("li.badge" + kind, text);

  return h("ul.badges",
    live && badge("Active", ".ok"),
    state === "suspended" && badge("Suspended", ".warn"),
    state === "revoked" && badge(t`Revoked ${relative(key.revoked_at)}`),
    state === "expired" && badge(t`Expired ${relative(end)}`),
    live && end && age(end) > -31
      && badge(t`Expires ${relative(end)}`, ".warn"),
    live && key.previous
      && badge(t`Old secret until ${date(key.previous.until, "short")}`),
    live && age(made) > 90
      && badge(t`Secret is ${age(made)} days old`, ".warn"),
    live && age(key.last_used_at || made) >= 30
      && badge("Not used for 30 days"));
}

/* [requests, refused ones] of the last days */
const refusals = (of) => Object.values(of.refused).reduce((a, b) => a + b, 0);

const sum = (data, days) => data.filter((of) => of.day > dayOf(-days))
  .reduce(([all, refused], of) => [all + of.allowed + refusals(of),
    refused + refusals(of)], [0, 0]);

function bars(data) {
  const [all, refused] = sum(data, 30);
  const most = Math.max(1, ...data.map((of) => of.allowed + refusals(of)));
  const bar = (kind, x, from, n) => n > 0 && h("rect" + kind, { x, width: 3,
    y: 24 - Math.max(1, (from + n) / most * 24),
    height: Math.max(1, n / most * 24) });

  return [h("svg.bars", { viewBox: "0 0 119 24", "aria-hidden": "true",
    preserveAspectRatio: "none" }, [...Array(30).keys()].map((i) => {
    const of = data.find((each) => each.day === dayOf(i - 29));

    return of && [bar(".allowed", i * 4, 0, of.allowed),
      bar(".refused", i * 4, of.allowed, refusals(of))];
  })), hint(all === 1 ? "1 request" : t`${number(all)} requests`,
    refused > 0 && h("b.wrong", t`${number(refused)} refused`))];
}

const usage = (data) => [bars(data), data[0] && fold("By day",
  table("", ["Day", "Allowed", "Refused"], data.map((of) => [
    date(of.day, undefined, "UTC"), number(of.allowed),
    list(Object.entries(of.refused).map(([code, n]) =>
      `${number(n)} ${code}`)) || "0"]).reverse()))];

/* The name and the value of the header that a key is sent in; "…" stands for
 * any key. */
function header({ credentials }, key) {
  const { kind, part, ...way } = credentials.find((one) =>
    one.kind !== "websocket") || credentials[0];

  return kind === "header" ? [way.header, key]
    : kind === "websocket" ? ["Sec-WebSocket-Protocol", way.prefix + key]
      : ["Authorization", kind === "scheme"
        ? `${way.scheme} ${way.param ? way.param + "=" : ""}${key}`
        : kind === "basic"
          ? "Basic " + (key === "…" ? key
            : btoa(part === "password" ? "key:" + key : key + ":"))
          : "Bearer " + key];
}

function samples({ session, base }, key) {
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

  return h("div.code", choice(Object.fromEntries(Object.keys(all).map(
    (one) => [one, one])), "curl", ({ target }) => {
    put(text, all[target.value]);
  }), text);
}

/* { node, value() }: a time or null */
function expiry(max, key, onchange) {
  const most = max ? max / 86400 : 36500;
  const day = (n) => dayOf(Math.min(n, most));
  const old = key?.expires_at || "";
  const input = h("input", { type: "date", min: day(0), max: day(most),
    value: key ? old.slice(0, 10) : day(90), onchange });
  const set = (label, value) => small(label, () => {
    input.value = value;
    onchange();
  });

  return {
    node: h("div", field("expires_at", "Expires after", input),
      h("p.row", [30, 60, 90, 365].filter((n) => n <= most).map((n) =>
        set(t`${n} days`, day(n))), !max && set("Never", ""))),

    value() {
      const end = new Date(input.value + "T23:59:59");

      return input.value === old.slice(0, 10) ? old || null
        : isNaN(end) ? null
          : new Date(Math.min(end, inDays(most) - 6e4)).toISOString()
            .replace(/\.\d+/, "");
    },
  };
}

/* The form of a new key, or of { key, etag }; "more" are scopes to be added. */
function edit(page, { key, etag, more = [], done }) {
  const { session } = page;
  const name = h("input", { value: key?.name || "", oninput: sumUp });
  const account = h("input", { list: page.accounts,
    value: page.filter.account || "" });
  const addresses = h("textarea", { rows: 3,
    value: some(key?.addresses).join("\n") });
  const summary = h("p.sum");
  const until = expiry(session.expires, key, sumUp);
  let scopes;

  scopes = picker(session.scopes, [...key?.scopes || [], ...more], sumUp);

  const label = key ? "Save" : "Create key";
  const folded = fold("Addresses", field("addresses", "May be used from",
    addresses, "An address or CIDR block a line; empty: anywhere."));
  const form = ask(page, { kind: ".wide", act: key ? save : create, label,
    title: key ? t`Edit ${nameOf(key)}` : label, content: [
      !session.account && !key && field("account", "Account", account),
      field("name", "Name", name, "What uses it, such as Zapier."),
      scopes.node, until.node, folded, summary] });

  function sumUp() {
    const end = until.value();
    const who = name.value || "The key";
    const what = told(session.scopes, [...scopes?.chosen || []]);

    put(summary, end ? t`${who} will be able to ${what} until ${date(end)}.`
      : t`${who} will be able to ${what} until it is revoked.`);
  }

  const values = () => ({ name: name.value.trim(), scopes: [...scopes.chosen],
    expires_at: until.value(), addresses: [...new Set(addresses.value
      .split(/[\s,]+/).filter(Boolean))] });

  async function create() {
    const { addresses: from, expires_at, ...body } = values();
    const { json } = await page.call("POST", "keys", { ...body,
      ...from[0] && { addresses: from }, ...expires_at && { expires_at },
      ...!session.account && { account: account.value } });

    page.changed(t`${nameOf(json)} is created.`);

    return () => done(json);
  }

  /* What is different; a list has no order, and no name is an empty one. */
  async function save() {
    const body = Object.fromEntries(Object.entries(values()).filter(
      ([part, value]) => !same(value, key[part])));

    try {
      await page.call("PATCH", "keys/" + key.id, body, etag);
      page.changed(t`${nameOf(key)} is changed.`);

    } catch (problem) {
      if (problem.status === 412) {
        problem.more = await meanwhile(body);
      }

      throw problem;
    }

    return done;
  }

  /* Somebody else has changed it: both versions, and a way on from each. */
  async function meanwhile(body) {
    const now = await page.call("GET", "keys/" + key.id);

    return [table("", [" ", "Now", "Yours"], Object.keys(body).map((part) =>
      [part, ...[now.json, body].map((of) => some(of[part]).join(", ")
        || "–")])), h("p.row",
      button("Keep what is now", () => {
        form.closest("dialog").close();
        done();
      }),
      button("Save yours", () => {
        etag = now.etag;
        form.requestSubmit();
      }))];
  }

  folded.open = addresses.value;
  sumUp();
  name.focus();
}

/* A secret is shown once and is nowhere then: in no URL, attribute, title or
 * storage. */
function secret(page, key) {
  let copied = false;
  const text = h("input", { value: key.secret, readOnly: true,
    autocomplete: "off", oncopy: () => {
      copied = true;
    } });
  const code = samples(page, key.secret);
  const copy = button("Copy", async () => {
    if (await page.copy(text.value, text)) {
      copied = true;
      put(copy, "Copied");
    }
  }, ".primary");
  const warning = h("p.problem", { role: "alert", hidden: true },
    "You have not copied the key. It cannot be shown again.");
  const done = button("Done", leave);
  const dialog = open(page, "Copy your key now", ".wide", h("div.form",
    h("div.row", field("secret", t`The key of ${nameOf(key)}`, text), copy),
    h("p", "It is shown this once. Keep it where you keep passwords."),
    page.session.example && code, warning, h("div.actions", done)));
  const timer = setTimeout(drop, 6e5);

  delete key.secret;

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
    put(done, "Close without copying");
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
async function change(page, key, what, said, body) {
  const { json } = await page.call("POST", `keys/${key.id}/${what}`, body);
  const { applied, nodes } = json.receipt || {};

  page.changed(said + (applied < nodes
    ? " " + t`In force on ${applied} of ${nodes} gateways so far.` : ""));

  return json;
}

function rotate(page, key, done) {
  const until = h("p");
  const choose = choice({ 0: "No longer", 1: "1 hour", 24: "24 hours",
    168: "7 days" }, "24", tell);
  const chosen = () => choose.querySelector(":checked").value;

  function tell() {
    const end = date(Date.now() + chosen() * 36e5, "short");

    put(until, chosen() > 0
      ? t`It works until ${end}. Replace it everywhere by then.`
      : "What still uses it is refused at once.");
  }

  tell();
  ask(page, { title: t`Rotate the secret of ${nameOf(key)}?`,
    label: "Rotate secret", content: [
      h("p", "It gets a new secret. Its id, access and limits stay."),
      field("overlap", "The old secret works for", [choose]), until],
    async act() {
      const json = await change(page, key, "rotate",
        t`${nameOf(key)} has a new secret.`, { overlap: chosen() + "h" });

      return () => {
        done();
        secret(page, json);
      };
    } });
  choose.querySelector(":checked").focus();
}

function suspend(page, key, done) {
  ask(page, { title: t`Suspend ${nameOf(key)}?`, label: "Suspend",
    content: h("p", "What uses it is refused until you resume it."),
    act: () => change(page, key, "suspend", t`${nameOf(key)} is suspended.`)
      .then(() => done) });
}

function revoke(page, key, done) {
  const week = h("p");
  const label = t`Revoke ${nameOf(key)}`;

  page.usage(key).then((data) => data && put(week,
    t`Requests in the last 7 days: ${number(sum(data, 7)[0])}.`));
  ask(page, { title: label + "?", danger: true, label, content: [
    h("p", h("strong", key.last_used_at
      ? t`It was last used ${relative(key.last_used_at)}.`
      : "It has not been used.")), week,
    h("p", "What uses it stops working at once. This cannot be undone.")],
  act: () => change(page, key, "revoke", t`${nameOf(key)} is revoked.`)
    .then(() => done) });
}

async function sheet(page, own) {
  const { session } = page;
  const body = h("div.form");
  const dialog = open(page, "", ".side",
    button("Close", () => dialog.close(), ".close"), body);
  let etag, key;

  const load = () => attempt(page, body, async () => {
    ({ json: key, etag } = await page.call("GET", "keys/" + own));
    draw();
  });
  const again = () => load().then(() => body.querySelector("button").focus());
  const alter = (more) => edit(page, { key, etag, more, done: again });

  function draw() {
    const days = h("div", "…");
    const scopes = opened(session.scopes, key.scopes);

    put(dialog.querySelector("h2"), nameOf(key));
    put(body, h("p.row", h("code", own), small("Copy id",
      () => page.copy(own))), badges(key), h("p.row", buttons()),
    facts(["Created", when(key.created_at)],
      key.rotated_at && ["Secret from", when(key.rotated_at)],
      ["Last used", when(key.last_used_at)],
      ["Expires", when(key.expires_at)],
      ["Addresses", some(key.addresses).join(", ") || "Any"],
      key.changed_by && ["Changed by", h("bdi", key.changed_by)],
      ...some(key.limits).map(({ remaining, limit, unit }) =>
        [t`Left this ${unit}`, `${number(remaining)} / ${number(limit)}`])),
    h("h3", "Access"), scopes[0] ? h("ul", scopes.map((scope) => h("li",
      h("code", scope.name), " ", scope.description)))
      : hint("What needs no scope."),
    page.charts && [h("h3", "Usage"), days], page.can("check") && why());
    page.usage(key).then((data) => data && put(days, usage(data)));
  }

  function buttons() {
    const asleep = key.state === "suspended";
    const may = (word, label, what, kind) => page.can(word)
      && button(label, () => what(page, key, again), kind);

    return (asleep || key.state === "live") && [
      may("change", "Edit", () => alter()),
      may("rotate", "Rotate secret", rotate),
      asleep ? may("change", "Resume", () => attempt(page, body, () =>
        change(page, key, "resume", t`${nameOf(key)} works again.`)
          .then(again)))
        : may("change", "Suspend", suspend),
      may("revoke", "Revoke", () => load().then(() =>
        revoke(page, key, again)), ".risky")];
  }

  function why() {
    const method = h("select", ["GET", "POST", "PUT", "PATCH", "DELETE"].map(
      (name) => h("option", name)));
    const path = h("input", { value: session.base + "/" });
    const verdict = h("div", { "aria-live": "polite" });
    const form = h("form.why", { noValidate: true, autocomplete: "off",
      onsubmit(event) {
        event.preventDefault();
        put(verdict);
        attempt(page, form, async () => {
          const { json } = await page.call("POST", "check", { key_id: own,
            method: method.value, path: path.value.trim() });

          put(verdict, answer(json));
        });
      } }, h("h3", "Why was I refused?"),
    hint("What would happen to a request with this key, now."),
    h("div.row", field("method", "Method", method),
      field("path", "Path", path), h("button", "Check")), verdict);

    return form;
  }

  function answer(json) {
    const { one_of: any, missing_scopes: missing } = json;
    const add = session.scopes.filter((scope) => scope.offered
      && missing.includes(scope.name)).map((scope) => scope.name)
      .slice(0, any ? 1 : 99);
    const over = /^(rate_limited|quota_exceeded)$/.test(json.verdict);
    const verdict = over && !json.retry_after ? "never" : json.verdict;
    const fill = { base: session.base, cost: json.cost, retry: json.retry_after,
      methods: list(json.methods),
      scopes: list(missing, any ? { type: "disjunction" } : {}) };

    return [
      h(json.allowed ? "p.yes" : "p.problem",
        h("strong", `${json.status} `), (verdicts[verdict]
          || verdict).replace(/\{(\w+)\}/g, (all, name) => fill[name])),
      json.when.filter((rule) => rule.held === false).map((rule) =>
        hint(t`A body with “${rule.member}” needs ${rule.scope} too.`)),
      add[0] && page.can("change") && key.state === "live"
        && button(t`Add ${list(add)}`, () => alter(add))];
  }

  await load();
}

/* A table of the keys in some states, a page after the other. */
function shelf(page, states, none) {
  const node = h("div");
  let [keys, turn] = [[]];

  const own = { node, async load(n = Math.max(25, keys.length)) {
    const mine = turn = {};
    const found = [];
    let [state, cursor] = [0];

    /* one more than is shown tells whether there are more */
    while (found.length <= n && states[state]) {
      const { json } = await page.call("GET", "keys?" + new URLSearchParams({
        state: states[state], limit: Math.min(100, n + 1 - found.length),
        ...cursor && { cursor }, ...page.filter }));

      found.push(...json.data);
      cursor = json.next_cursor;
      state += cursor ? 0 : 1;
    }

    if (turn === mine) {
      keys = found.slice(0, n);
      own.whole = !found[n];
      own.n = keys.length;
      draw();
    }
  } };

  function draw() {
    const { key: from } = document.activeElement.dataset;

    put(node, keys[0] ? table(".keys", ["Key", "Access", "Last used",
      "Expires", ...page.charts ? ["Last 30 days"] : [], ""],
    keys.map(row)) : none(),
    !own.whole && h("p", button("Show more", () => attempt(page, node,
      async () => {
        const n = keys.length;

        await own.load(n + 25);
        node.querySelectorAll("[data-key]")[n]?.focus();
      }))));
    from && page.settle(from);
  }

  function row(key) {
    const all = page.session.scopes.length;
    const n = opened(page.session.scopes, key.scopes).length;
    const use = h("div.use");
    const manage = button("Manage", () => sheet(page, key.id));

    manage.dataset.key = key.id;
    manage.ariaLabel = t`Manage ${nameOf(key)}`;
    page.usage(key).then((data) => data && put(use, bars(data)));

    return [[h("bdi", nameOf(key)), h("code", key.id), badges(key)],
      n === all ? "All scopes" : t`${n} of ${all} scopes`,
      when(key.last_used_at), when(key.expires_at),
      ...page.charts ? [use] : [], manage];
  }

  return own;
}

class Keys extends HTMLElement {
  connectedCallback() {
    if (!this.main) {
      this.filter = {};
      this.queue = Promise.resolve();
      this.live = h("div.live", { "aria-live": "polite" });
      this.main = h("div.form", hint("Loading…"));
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
      this.used = shelf(this, ["live", "suspended"], () => this.empty());
      this.gone = shelf(this, ["revoked", "expired"], () => hint("None."));
      await this.used.load();
      this.draw();
    }, button("Try again", () => this.start()));
  }

  can(word) {
    return this.session.can.includes(word);
  }

  /* The answer's JSON, and its ETag; or an error with a status. */
  async call(method, path, body, etag) {
    const api = this.getAttribute("api").replace(/\/*$/, "/");
    let status = 0, problem;

    try {
      const answer = await fetch(api + path, { method, headers: {
        ...body && { "Content-Type": "application/json" },
        ...etag && { "If-Match": etag } }, body: body && JSON.stringify(body),
      cache: "no-store", redirect: "manual",
      signal: AbortSignal.timeout(20000) });
      const json = /[/+]json\b/.test(answer.headers.get("Content-Type"))
        && await answer.json();

      if (answer.ok && json) {
        return { json, etag: answer.headers.get("ETag") };
      }

      /* a page to sign in, in place of what was asked for, is a 401, too */
      status = answer.status > 399 ? answer.status : 401;
      problem = json;
    } catch { /* it is not known what has become of it: 0 */ }

    throw Object.assign(Error(problem?.detail), { errors: [] }, problem,
      { status });
  }

  create() {
    return this.can("create") && button("Create key", () => edit(this, {
      done: (key) => secret(this, key) }), ".primary");
  }

  draw() {
    const { session, used } = this;
    const { account, rates, user } = session;
    const folded = fold("Revoked and expired keys", this.gone.node);

    folded.ontoggle = () => {
      this.open = folded.open;
      this.refresh();
    };
    this.heading = h("h" + (this.getAttribute("heading") || 1),
      { tabindex: -1 }, "API keys");
    put(this.main, h("header", h("div", this.heading, hint(
      account ? nameOf(account) : "All accounts", " · ",
      t`signed in as ${user}`)), this.create()),
    facts(["Base URL", h("code", this.base)],
      ["Send the key as", h("code", header(session, "…").join(": "))],
      ["Limits", rates.map(({ limit, unit, per }) => per === "account"
        ? t`${number(limit)} a ${unit} for all keys`
        : t`${number(limit)} a ${unit} for each key`).join(", ")
        || "None"], session.keys && ["Keys", `up to ${session.keys}`]),
    h("div.row", !account && this.find("account", "Account", this.choices()),
      (!used.whole || used.n > 8) && this.find("name", "Find by name")),
    used.node, folded);
  }

  find(name, label, more) {
    return h("label", label, h("input", { type: "search", autocomplete: "off",
      ...more, oninput: ({ target }) => {
        const { [name]: old, ...rest } = this.filter;
        const value = target.value.trim();

        this.filter = value ? { ...rest, [name]: value } : rest;
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
    return this.filter.name ? hint("No key has such a name.")
      : h("div.empty", h("p",
        "Keys let your scripts and tools use the API. There is none yet."),
      this.create(), this.session.example && samples(this, "…"));
  }

  refresh() {
    return attempt(this, this.main, async () => {
      await this.used.load();
      await (this.open && this.gone.load());
    });
  }

  changed(text) {
    this.announce(text);
    this.refresh();
  }

  /* The dialog that is in front. */
  top() {
    return [...this.querySelectorAll("dialog[open]")].at(-1);
  }

  /* What had the focus is gone: to what is in front, to the key's button, or
   * to the heading. */
  settle(key = "") {
    if (document.activeElement === document.body) {
      (this.top()?.querySelector(".kg-form button")
        || this.querySelector(`[data-key="${CSS.escape(key)}"]`)
        || this.heading)?.focus();
    }
  }

  /* Where it is heard: in the dialog that is open, if there is one. */
  announce(text) {
    clearTimeout(this.hush);
    (this.top() || this).append(put(this.live));
    this.hush = setTimeout(() => {
      put(this.live, text);
      this.hush = setTimeout(put, 8000, this.live);
    }, 50);
  }

  async copy(text, input) {
    try {
      await navigator.clipboard.writeText(text);

    } catch {
      input?.select();

      if (!input || !document.execCommand("copy")) {
        this.announce("Press Ctrl+C or ⌘C to copy it.");

        return false;
      }
    }

    this.announce("Copied");

    return true;
  }

  /* A key's usage by day, or null; one after the other. */
  usage(key) {
    return this.queue = this.queue.then(async () => this.charts
      ? (await this.call("GET", `keys/${key.id}/usage?days=30`)).json.data
      : null).catch(() => null);
  }
}

if (!customElements.get("keygate-keys")) {
  customElements.define("keygate-keys", Keys);
}
