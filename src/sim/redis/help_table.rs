//! What HELP of a container lists: the forms of its subcommands, in Redis's order. An entry is a form and, where one line is too few,
//! what is said of it in as many lines as there; otherwise that is the summary of the subcommand.

/// The entries of each container.
pub const HELP: &[(&str, &[&str])] = &[
    (
        "acl",
        &[
            "CAT [<category>]\nNames the categories of commands,\nor the commands of one of them.",
            "DELUSER <username> [<username> ...]",
            "DRYRUN <username> <command> [<arg> ...]",
            "GETUSER <username>",
            "GENPASS [<bits>]\nMakes a password that nobody can guess, of 256 bits\nunless another number is given.",
            "LIST",
            "LOAD",
            "LOG [<count> | RESET]",
            "SAVE",
            "SETUSER <username> <attribute> [<attribute> ...]",
            "USERS",
            "WHOAMI",
        ],
    ),
    (
        "client",
        &[
            "CACHING (YES|NO)",
            "GETREDIR",
            "GETNAME",
            "ID",
            "INFO",
            "KILL <ip:port>",
            "KILL <option> <value> [<option> <value> [...]]\nEnds all connections to which these apply:\n\
         * ADDR (<ip:port>|<unixsocket>:0)\n  where it comes from.\n* LADDR (<ip:port>|<unixsocket>:0)\n  where it came to.\n\
         * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)\n  what it is for.\n* USER <username>\n  who it is.\n\
         * SKIPME (YES|NO)\n  whether the caller stays, which it does otherwise.",
            "LIST [options ...]\nA line for each connection, or for those to which this applies:\n* TYPE (NORMAL|MASTER|REPLICA|PUBSUB)\n  what it is for.",
            "UNPAUSE",
            "PAUSE <timeout> [WRITE|ALL]",
            "REPLY (ON|OFF|SKIP)",
            "SETNAME <name>",
            "UNBLOCK <clientid> [TIMEOUT|ERROR]",
            "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]\nTells the client when keys change\nthat it may have kept.",
            "TRACKINGINFO",
            "NO-EVICT (ON|OFF)",
        ],
    ),
    (
        "command",
        &[
            "(no subcommand)\nTells of all commands.",
            "COUNT",
            "LIST",
            "INFO [<command-name> ...]\nTells of these commands:\ntheir flags, keys and categories.\nWithout a name, of all.",
            "DOCS [<command-name> ...]\nDescribes these commands:\ntheir arguments and history.\nWithout a name, all.",
            "GETKEYS <full-command>",
            "GETKEYSANDFLAGS <full-command>",
        ],
    ),
    ("config", &["GET <pattern>", "SET <directive> <value>", "RESETSTAT", "REWRITE"]),
    (
        "function",
        &[
            "LOAD [REPLACE] <FUNCTION CODE>",
            "DELETE <LIBRARY NAME>",
            "LIST [LIBRARYNAME PATTERN] [WITHCODE]\nTells of each library:\n* its name\n* what runs it\n* its functions\n* what they say of themselves\n\
         * its code, with WITHCODE\nWith a pattern, only of those whose names match.",
            "STATS\nTells of the function that runs:\n* its name\n* the call\n* for how many milliseconds\nNothing, if none does.\n\
         And what can run functions.",
            "KILL",
            "FLUSH [ASYNC|SYNC]\nRemoves all libraries.\nWithout a word,\nlazyfree-lazy-user-flush says how:\n* ASYNC: in the background.\n* SYNC: at once.",
            "DUMP",
            "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]\nAdds the libraries of a payload.\nWhat becomes of those that are there\n* FLUSH: they go.\n\
         * APPEND: they stay, and none may come again. This holds without a word.\n* REPLACE: one that comes again goes.\n\
         A function is in one library only:\nwhere it would be in two, nothing happens.",
        ],
    ),
    (
        "latency",
        &[
            "DOCTOR",
            "GRAPH <event>",
            "HISTORY <event>",
            "LATEST",
            "RESET [<event> ...]\nForgets what took long\nfor these events, or for all.",
            "HISTOGRAM [COMMAND ...]\nHow often commands took how long.\nWithout a name, all that were called.",
        ],
    ),
    (
        "memory",
        &[
            "DOCTOR",
            "MALLOC-STATS",
            "PURGE",
            "STATS",
            "USAGE <key> [SAMPLES <count>]\nBytes that a key takes with its value.\nNothing, if there is no such key.",
        ],
    ),
    (
        "module",
        &[
            "LIST",
            "LOAD <path> [<arg> ...]",
            "LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]",
            "UNLOAD <name>",
        ],
    ),
    (
        "object",
        &[
            "ENCODING <key>\nHow the value\nis kept.",
            "FREQ <key>\nHow often the key is used, on a scale that grows slowly:\nfor a policy of LFU.",
            "IDLETIME <key>\nFor how many seconds\nthe key was not used.",
            "REFCOUNT <key>\nHow many\nhold the value.",
        ],
    ),
    (
        "pubsub",
        &[
            "CHANNELS [<pattern>]",
            "NUMPAT",
            "NUMSUB [<channel> ...]\nHow many listen to these channels,\nnot counting patterns.",
            "SHARDCHANNELS [<pattern>]",
            "SHARDNUMSUB [<shardchannel> ...]",
        ],
    ),
    (
        "script",
        &[
            "DEBUG (YES|SYNC|NO)",
            "EXISTS <sha1> [<sha1> ...]",
            "FLUSH [ASYNC|SYNC]\nForgets all scripts.\nWithout a word,\nlazyfree-lazy-user-flush says how:\n* ASYNC: in the background.\n* SYNC: at once.",
            "KILL",
            "LOAD <script>",
        ],
    ),
    (
        "slowlog",
        &[
            "GET [<count>]\nThe last commands that took long, ten unless told otherwise (-1 for all):\ntheir numbers, when they came,\n\
         how many microseconds they took, their arguments,\nwho sent them.",
            "LEN",
            "RESET",
        ],
    ),
    (
        "xgroup",
        &[
            "CREATE <key> <groupname> <id|$> [option]\nMakes a group that reads on from this id:\n* MKSTREAM\n  also where there is no stream yet.\n\
         * ENTRIESREAD entries_read\n  so many were read before.",
            "CREATECONSUMER <key> <groupname> <consumer>",
            "DELCONSUMER <key> <groupname> <consumer>",
            "DESTROY <key> <groupname>",
            "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
        ],
    ),
    ("xinfo", &["CONSUMERS <key> <groupname>", "GROUPS <key>", "STREAM <key> [FULL [COUNT <count>]"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_lines_as_in_redis() {
        // Of `redis-cli ACL HELP` and the like, 7.0.15, without the first line and the two of HELP.
        let counts = [
            ("acl", 26),
            ("client", 45),
            ("command", 18),
            ("config", 8),
            ("function", 37),
            ("latency", 14),
            ("memory", 11),
            ("module", 8),
            ("object", 12),
            ("pubsub", 11),
            ("script", 14),
            ("slowlog", 9),
            ("xgroup", 14),
            ("xinfo", 6),
        ];
        for ((name, entries), (own, count)) in HELP.iter().zip(counts) {
            let lines = |entry: &&str| entry.split('\n').count().max(2);
            assert_eq!((*name, entries.iter().map(lines).sum::<usize>()), (own, count));
        }
    }
}
