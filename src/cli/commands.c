/*
 * The commands: what they take, and what --help says of them.
 */

#include <string.h>

#include "cli.h"


#define CLI_ANY    -1
#define CLI_STORE  "1<>234[]~56"         /* options of a store */


const cli_command_t  cli_commands[] = {

    { "setup", NULL, "NAME", 1, 1, "w+LQHMgcCjqh", cli_gate,
      "makes a first gate, and shows that it works",
      "A journal with an account and a key, a token for the admin API, and a\n"
      "site that asks for a key and proxies to --upstream. nginx tests it and\n"
      "loads it; where it does not take it, or somebody else listens there,\n"
      "nothing is left behind. What is there already stays as it is, but for\n"
      "an empty journal, where a gate begins. With --quiet nothing is printed\n"
      "but the request to try. With --openapi the API is what the document\n"
      "means; the exit code is 1 where a site is there that says something\n"
      "else.\n" },

    { "create", NULL, "", 0, 0, "J" CLI_STORE "PFansreEi!jqh", cli_key_create,
      "makes a key and shows its secret, this once",
      "The account must exist. With --quiet the secret is all that is\n"
      "printed; with --json it is the record's member \"secret\".\n" },

    { "list", NULL, "", 0, 0, "J" CLI_STORE "*@%./^OUlAkjqh", cli_list,
      "lists keys",
      "All that is said must hold. With --older-than or --unused-for, unless\n"
      "--state says otherwise, only keys that are neither revoked nor expired\n"
      "are listed. A secret is as old as its key, or as its last\n"
      "rotation. When a key was last used is known to the running gateway\n"
      "only, since it was started: --unused-for asks its admin API, and a key\n"
      "that it has not seen counts as unused since it was made.\n" },

    { "show", NULL, "ID", 1, 1, "J" CLI_STORE "jqh", cli_show,
      "shows a key", "" },

    { "set", NULL, "ID...", 1, CLI_ANY, "J" CLI_STORE "nsSrReEiI!jqh",
      cli_key_set,
      "changes a key",
      "Lists are replaced as a whole; of meta what is not named stays.\n" },

    { "rotate", NULL, "ID", 1, 1, "J" CLI_STORE "PFojqh", cli_key_rotate,
      "gives a key a new secret, and shows it, this once",
      "The id, the limits and the history stay. The old secret works until\n"
      "the overlap ends.\n" },

    { "revoke", NULL, "ID...", 1, CLI_ANY, "J" CLI_STORE "7jqh", cli_key_revoke,
      "ends keys at once, for good",
      "All of them, or, if one does not exist, none. On a store, --wait waits\n"
      "for the nodes and tells which have it; the exit code is 4 when not all\n"
      "of them have.\n" },

    { "suspend", NULL, "ID...", 1, CLI_ANY, "J" CLI_STORE "7jqh",
      cli_key_suspend,
      "refuses keys at once, until they are resumed",
      "All of them, or, if one does not exist, none.\n" },

    { "resume", NULL, "ID...", 1, CLI_ANY, "J" CLI_STORE "7jqh", cli_key_resume,
      "ends the suspension of keys", "" },

    { "reset", NULL, "ID...", 1, CLI_ANY, "J" CLI_STORE "7$jqh", cli_key_reset,
      "gives keys back what they have used of their rates",
      "Of all of them, or of --rate. What keys of an account have used of a\n"
      "rate of the account stays.\n" },

    { "expire", NULL, "ID...", 1, CLI_ANY, "J" CLI_STORE "tTNjqh",
      cli_key_expire,
      "says when keys end",
      "Now, unless --at or --in says when, or --never that they do not.\n" },

    { "delete", NULL, "ID...", 1, CLI_ANY, "J" CLI_STORE "jqh", cli_key_delete,
      "removes keys from the journal",
      "A key that is deleted is as unknown as if it had never been. To end\n"
      "a key, and to see later that there was one, revoke it.\n" },

    { "list", "account", "", 0, 0, "J" CLI_STORE "jqh", cli_list_accounts,
      "lists accounts", "" },

    { "show", "account", "ID", 1, 1, "J" CLI_STORE "jqh", cli_show_account,
      "shows an account", "" },

    { "put", "account", "ID", 1, 1, "J" CLI_STORE "npuxfjqh", cli_account_put,
      "makes an account, or makes it anew",
      "--name is needed. What is not said is not kept, but for members that\n"
      "keygate does not know; the status is active, unless --status says\n"
      "another.\n" },

    { "set", "account", "ID", 1, 1, "J" CLI_STORE "npuxfjqh", cli_account_set,
      "changes an account",
      "What is not said stays, fields of the profile too; a field without a\n"
      "value is removed.\n" },

    { "delete", "account", "ID", 1, 1, "J" CLI_STORE "jqh", cli_account_delete,
      "removes an account that has no live keys", "" },

    { "import", NULL, "[FILE]", 0, 1, "J" CLI_STORE "PFasDjqh", cli_import,
      "takes keys and accounts from CSV or JSON Lines",
      "From stdin, if there is no FILE. CSV has a first line of names, JSON\n"
      "Lines are what export and the journal have, or keys on their own:\n"
      "\n"
      "  id account name scopes rates addresses created_at rotated_at\n"
      "  expires_at revoked_at, and either credential (the whole key, which\n"
      "  is digested and goes no further) or digest (\"sha256:...\")\n"
      "\n"
      "In CSV scopes, rates and addresses are separated by spaces, commas or\n"
      "bars. --account and --scope are for rows that do not say theirs. What\n"
      "is there already is refused, by id and by digest; each row that is\n"
      "refused is told with its line and the reason, and makes the exit code\n"
      "1. The others are written, 4096 rows at a time, each time all or none.\n"
      "Of a journal's lines the last one of a record is taken, if it is not\n"
      "deleted.\n" },

    { "export", NULL, CLI_JOURNAL, 0, 1, "J" CLI_STORE "djqh", cli_export,
      "prints all keys and accounts as JSON Lines",
      "Without --digests no key can be checked against what is printed, and\n"
      "none can be imported again.\n" },

    { "compact", NULL, CLI_JOURNAL, 0, 1, "JKjqh", cli_compact,
      "rewrites the journal to one line a record",
      "A running gateway follows. The exit code is 4, and nothing changes,\n"
      "when there are lines that are no records: they are told. With --drop\n"
      "they go to stdout, and then out of the journal:\n"
      "\n"
      "  keygate compact --drop keys.jsonl >dropped\n" },

    { "check", NULL, CLI_JOURNAL, 0, 1, "J" CLI_STORE "Pjqh", cli_check,
      "looks whether the journal is in order",
      "Tells every line that a gateway does not take. The exit code is 4\n"
      "when there are any, or when the last line is torn. The marks in a\n"
      "node's copy of a store are in order.\n" },

    { "usage", NULL, "DIR...", 1, CLI_ANY, "a#-()&jqh", cli_usage,
      "adds up what keys were used for",
      "From the directories that usage= of keygate_zone names, those of\n"
      "several nodes too, and copies of them: the last line for a node, a key\n"
      "and an hour counts. A row for each key; with --account one for all of\n"
      "its keys. TIME is a day, a month (that of --to is among them) or an\n"
      "RFC 3339 time. Hours, days and months are UTC.\n"
      "\n"
      "  keygate usage /var/lib/keygate/usage --by month --format csv\n" },

    { "hash", NULL, "", 0, 0, "Pbjqh", cli_hash,
      "prints the digest of a credential or token from stdin",
      "As it is in the journal; with --bare as keygate_admin wants it in its\n"
      "token= file:\n"
      "\n"
      "  openssl rand -hex 32 >admin.token\n"
      "  keygate hash --bare <admin.token >admin.sha256\n" },

    { "token", NULL, "NAME", 1, 1, "BeEjqh", cli_token,
      "makes a token for the admin API, and shows it, this once",
      "NAME is who will use it, a person or a program; audit events and\n"
      "records that it changes tell it. The line goes into the file that\n"
      "tokens= of keygate_admin names, which has no token in it:\n"
      "\n"
      "  keygate token billing --role keys --expires-in 90d\n" },

    { "openapi", NULL, "FILE", 0, 1, "mz=WvyYZLQVG0AkXjqh", cli_openapi,
      "prints the configuration that an OpenAPI document means",
      "A keygate_api block for OpenAPI 3.0, 3.1 or Swagger 2.0, in JSON or\n"
      "YAML. What cannot be written is left out, and told with its place, as\n"
      "is what is public, what is declared and not enforced, and what says\n"
      "\"all\" and looks like \"any\". With --check the exit code is 1 when\n"
      "they say different things; it is 2 when the document is not usable.\n"
    },

    { "forget", "nodes", "NAME", 1, 1, CLI_STORE "jqh", cli_nodes_forget,
      "forgets a node that is gone",
      "A node that is not seen for a day is forgotten by itself; one that is\n"
      "still there comes back.\n" },

    { "nodes", NULL, "", 0, 0, CLI_STORE "jqh", cli_nodes,
      "lists the nodes that share a store",
      "The exit code is 4 when one of them does not have all changes.\n" },

    { "check", "store", "", 0, 0, CLI_STORE "jqh", cli_store_check,
      "looks whether a store is in order",
      "The exit code is 4 when it is not.\n" },

    { "push", "store", "", 0, 0, "J" CLI_STORE "P8jqh", cli_push,
      "fills an empty store from a journal",
      "When it is interrupted, the next one goes on. With --merge the records\n"
      "that a store lacks are brought into one that is not empty; where both\n"
      "have another state of one, the store's stays, unless the journal's is\n"
      "revoked or deleted. Lines that are not valid are told with their\n"
      "numbers, and left out.\n" },

    { "pull", "store", "", 0, 0, "J" CLI_STORE "8jqh", cli_pull,
      "writes a store's records into a journal",
      "When it is interrupted, the next one goes on. --merge is needed for a\n"
      "journal in which there is something else: the store's state of a\n"
      "record is appended, unless the journal's alone is revoked; others\n"
      "stay.\n" },

    { "epoch", "store", "", 0, 0, CLI_STORE "9jqh", cli_store_epoch,
      "shows a store's epoch, or begins a new one",
      "With --new, what is in the store now holds: nodes forget what they\n"
      "know beyond it, as after a backup that is restored on purpose.\n" },

    { "watch", NULL, "", 0, 0, CLI_STORE "jh", cli_watch,
      "prints a store's changes as they come, as JSON Lines", "" },

    { NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL }
};


/* After that, argv[0] is the last word of the command. */

const cli_command_t *
cli_commands_find(int *argc, char ***argv)
{
    char                 **words;
    const cli_command_t   *c;

    words = *argv;

    for (c = cli_commands; c->name != NULL; c++) {

        if (c->group == NULL && strcmp(c->name, words[0]) == 0) {
            return c;
        }

        if (c->group != NULL && *argc > 1 && strcmp(c->group, words[0]) == 0
            && strcmp(c->name, words[1]) == 0)
        {
            (*argc)--;
            (*argv)++;
            return c;
        }
    }

    return NULL;
}
