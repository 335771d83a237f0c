/*
 * What is said of errors and of decisions.  "words" is for other languages:
 * { "Rotate {0}": "{0} erneuern" }, assigned before the element is shown.
 */

export const words = {};


/* By code or status; for 4xx, after what the server says itself. */

export const errors = {
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


export const verdicts = {
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
  subscription_lapsed: "The subscription is not active. See Billing.",
  plan_required: "The plan does not include this. See Billing.",
  route_not_found: "There is nothing at this path. Is it spelled right, with"
    + " {base} in front?",
  method_not_allowed: "This path takes {methods} only.",
  insufficient_scope: "The key lacks {scopes}.",
};
