//! What [`super::draw::Draw`] makes commands of: templates, parted by semicolons, a constant for each group of commands. What stands more than
//! once is drawn more often; `/` parts commands that are sent one after the other as they are.

/// The groups, each drawn as often as the others.
pub const GROUPS: &[&str] = &[BASE, LISTS, SETS, HASHES, STREAMS, SORTS];

/// Strings, bitmaps, keys, connections and the server.
const BASE: &str = "\
SET k v; SET k v; SET k v; SET k v [NX|XX] [GET] [EX_t|PX_t|EXAT_T|PXAT_T|KEEPTTL];
SET k v [GET] [KEEPTTL|NX] [XX|EX_t]; SETNX k v; SETEX k t v; PSETEX k t v; MSET {k_v}; MSETNX {k_v}; GET k;
MGET {k}; GETSET k v; GETDEL k; GETEX k [EX_t|PX_t|EXAT_T|PXAT_T|PERSIST] [PERSIST]; GETRANGE k s s;
SUBSTR k s s; SETRANGE k s v; SETRANGE k o v; STRLEN k; APPEND k v; INCR k; INCRBY k i; INCRBYFLOAT k f;
SET f1 f; SET f1 f; INCRBYFLOAT f1 f; INCRBYFLOAT f1 f; INCRBYFLOAT f1 f; INCRBYFLOAT k f; INCRBYFLOAT k f;
DECR k; DECRBY k i; LCS k k; LCS k k [LEN|IDX] [MINMATCHLEN_s] [WITHMATCHLEN] [IDX|LEN]; SETBIT k o s;
SETBIT k o 1; SETBIT k o 0; GETBIT k o; BITCOUNT k; BITCOUNT k s s [BIT|BYTE|FOO]; BITCOUNT k s;
BITPOS k 1 [s|s_s|s_s_BIT|s_s_BYTE]; BITPOS k 0 [s|s_s|s_s_BIT|s_s_BYTE]; BITPOS k s [s|s_s|s_s_BIT|s_s_FOO];
BITOP AND k {k}; BITOP OR k {k}; BITOP XOR k {k}; BITOP NOT k k; BITOP NOT k {k}; BITOP FOO k k;
BITFIELD k {GET_w_o|SET_w_o_i|INCRBY_w_o_i|OVERFLOW_SAT|OVERFLOW_FAIL|OVERFLOW_WRAP|SET_w_o_s|INCRBY_w_o_s};
BITFIELD k {GET_w_o|SET_w_o_i|INCRBY_w_o_i} {OVERFLOW_SAT_INCRBY_w_o_i|OVERFLOW_FAIL_SET_w_o_i|OVERFLOW_FOO};
BITFIELD_RO k {GET_w_o}; BITFIELD_RO k {GET_w_o|SET_w_o_i}; TTL k; PTTL k; EXPIRETIME k; PEXPIRETIME k;
EXPIRE k t; EXPIRE k t [NX|XX|GT|LT] [GT|LT|FOO]; PEXPIRE k t [NX|XX|GT|LT]; EXPIREAT k T [NX|XX|GT|LT];
PEXPIREAT k T [NX|XX|GT|LT]; PERSIST k; DEL {k}; UNLINK {k}; EXISTS {k}; TOUCH {k}; TYPE k; KEYS p;
SCAN 0 COUNT 1000 [MATCH_p] [TYPE_string|TYPE_list]; SCAN s [COUNT_s] [MATCH_p]; RENAME k k; RENAMENX k k;
COPY k k [REPLACE] [DB_d] [REPLACE]; MOVE k d; DBSIZE; SELECT d; SELECT 0; SWAPDB d d; FLUSHDB;
FLUSHALL [ASYNC|SYNC|FOO]; PING [v]; ECHO v; OBJECT ENCODING k; OBJECT REFCOUNT k; OBJECT FREQ k; OBJECT FOO k;
CLIENT SETNAME v; CLIENT GETNAME; CLIENT FOO; RESET; NOSUCH v v v; COMMAND INFO GET;
COMMAND GETKEYS MSET {k_v}; COMMAND GETKEYSANDFLAGS BITOP AND k {k}; COMMAND GETKEYS v v; COMMAND FOO";

const LISTS: &str = "\
LPUSH l {m}; RPUSH l {m}; RPUSH l {m}; LPUSH l {m}; RPUSH l {v}; LPUSHX l {m}; RPUSHX l {m}; LPOP l; RPOP l; LPOP l c; RPOP l c; LLEN l;
LRANGE l 0 -1; LRANGE l s s; LINDEX l s; LSET l s m; LSET l c m; LINSERT l BEFORE m m; LINSERT l AFTER m m; LINSERT l FOO m m;
LREM l c m; LREM l 0 m; LTRIM l s s; LTRIM l c -1; LTRIM l 0 c; LPOS l m; LPOS l m [RANK_c] [COUNT_c] [MAXLEN_c]; LPOS l m RANK c COUNT 0;
LMOVE l l LEFT|RIGHT LEFT|RIGHT; LMOVE l l [LEFT|RIGHT|FOO] [LEFT|RIGHT]; LMOVE l l LEFT RIGHT; LMOVE l l RIGHT RIGHT; RPOPLPUSH l l;
LMPOP 2 l l LEFT; LMPOP 1 l RIGHT COUNT c; LMPOP c l l [LEFT|RIGHT|FOO] [COUNT_c]; RPUSH l @ints; DEL l; COPY l l; RENAME l l;
MULTI / BLPOP l l 0 / EXEC; MULTI / BRPOP l l 0.1 / EXEC; MULTI / BLMOVE l l LEFT RIGHT 0 / EXEC; MULTI / BRPOPLPUSH l l 0 / EXEC;
MULTI / BLMPOP 0 2 l l LEFT COUNT c / EXEC; MULTI / BLMPOP e 1 l RIGHT / LPUSH l m / BLPOP l e / EXEC; MULTI / BLMOVE l l RIGHT LEFT e / EXEC;
OBJECT ENCODING l; TYPE l; EXPIRE l t; LRANGE k 0 -1; LPUSH k m; LPOP k; GET l; STRLEN l; SADD l m";

const SETS: &str = "\
SADD z {m}; SADD z {m}; SADD z {m}; SADD z {s}; SADD z {s}; SADD z v; SREM z {m}; SREM z {s}; SMEMBERS z; SISMEMBER z m; SMISMEMBER z {m};
SCARD z; SPOP z; SPOP z c; SRANDMEMBER z; SRANDMEMBER z j; SRANDMEMBER z j j; SPOP z c c; SMOVE z z m; SMOVE z z s; SINTER z {z}; SUNION z {z};
SDIFF z {z}; SINTERSTORE z z {z}; SUNIONSTORE z z {z}; SDIFFSTORE z z {z}; SINTERCARD 2 z z; SINTERCARD c z {z} [LIMIT_c];
SSCAN z 0 COUNT 1000 [MATCH_p]; SSCAN z c [COUNT_c] [MATCH_p] [FOO]; SSCAN z v; SADD z @ints; OBJECT ENCODING z; TYPE z; COPY z z;
COPY z z REPLACE; RENAME z z; DEL z; EXPIRE z t; SADD k m; SMEMBERS k; GET z; LPUSH z m; SINTER k z; SUNION z k; SUNIONSTORE k z; SDIFF z k";

const HASHES: &str = "\
HSET h m v; HSET h {m_m}; HSET h {m_s}; HSET h {m_v}; HSET h m f; HSETNX h m v; HMSET h {m_m}; HGET h m; HMGET h {m}; HGETALL h; HDEL h {m};
HDEL h m; HLEN h; HEXISTS h m; HKEYS h; HVALS h; HSTRLEN h m; HINCRBY h m s; HINCRBY h m i; HINCRBYFLOAT h m f; HINCRBYFLOAT h m s;
HRANDFIELD h; HRANDFIELD h j; HRANDFIELD h j WITHVALUES; HRANDFIELD h j [WITHVALUES|FOO] [FOO]; HSCAN h 0 COUNT 1000 [MATCH_p];
HSCAN h c [COUNT_c] [MATCH_p] [FOO]; HSCAN h v; HSET h @pairs; HSET h m @long; HSET h @long m; HSETNX h m @long; OBJECT ENCODING h; TYPE h;
COPY h h; COPY h h REPLACE; RENAME h h; DEL h; EXPIRE h t; HSET k m v; HGETALL k; GET h; SADD h m; LPUSH h m";

const STREAMS: &str = "\
XADD x u m v; XADD x u m v; XADD x u m v; XADD x u a 1 b 2; XADD x u a 1 b 2; XADD x u {m_v}; XADD x u a @big; XADD x u a @big; XADD x u a @big b 2;
XADD x [NOMKSTREAM] [MAXLEN_c|MAXLEN_=_c|MAXLEN_~_c|MINID_q|MINID_~_q|MAXLEN_~_c_LIMIT_c] u m v; XADD x [MAXLEN_~_c] [LIMIT_c] u a 1; XLEN x;
XTRIM x MAXLEN|MINID [=|~] c [LIMIT_c]; XTRIM x MINID [~] q [LIMIT_c]; XTRIM x MAXLEN ~ c; XTRIM x MAXLEN ~ c LIMIT c; XTRIM x MAXLEN c;
XRANGE x - +; XRANGE x q q [COUNT_c]; XRANGE x (q q; XREVRANGE x + - [COUNT_c]; XREVRANGE x q q [COUNT_c]; XDEL x {q}; XDEL x q; XSETID x q;
XSETID x q [ENTRIESADDED_c] [MAXDELETEDID_q]; XREAD [COUNT_c] STREAMS x x q q; XREAD STREAMS x q; XREAD COUNT c STREAMS x 0; XREAD STREAMS x $;
XINFO STREAM x; XINFO STREAM x; XINFO STREAM x FULL [COUNT_c]; XINFO GROUPS x; XINFO GROUPS x; XINFO CONSUMERS x g; XINFO STREAM x [FULL|FOO] [COUNT];
XGROUP CREATE x g 0 MKSTREAM; XGROUP CREATE x g q [MKSTREAM] [ENTRIESREAD_c]; XGROUP CREATE x g $ [MKSTREAM]; XGROUP SETID x g q [ENTRIESREAD_c];
XGROUP SETID x g 0; XGROUP DESTROY x g; XGROUP CREATECONSUMER x g r; XGROUP DELCONSUMER x g r; XREADGROUP GROUP g r [COUNT_c] [NOACK] STREAMS x >;
XREADGROUP GROUP g r COUNT c STREAMS x >; XREADGROUP GROUP g r STREAMS x >; XREADGROUP GROUP g r [COUNT_c] STREAMS x q;
XREADGROUP GROUP g r [COUNT_c] STREAMS x x > q; XACK x g {q}; XACK x g q; XPENDING x g; XPENDING x g - + 10 [r]; XPENDING x g q q c [r];
XPENDING x g IDLE 50000 - + c; XPENDING x g [IDLE_0] - + 10; XCLAIM x g r 0 {q} [FORCE] [JUSTID] [RETRYCOUNT_c]; XCLAIM x g r 50000 {q} [JUSTID];
XCLAIM x g r 0 q FORCE; XCLAIM x g r 0 q [IDLE_100000|TIME_5] [LASTID_q] [FORCE] [JUSTID]; XCLAIM x g r c q [FOO]; XAUTOCLAIM x g r 0 q;
XAUTOCLAIM x g r 0|50000 q [COUNT_c] [JUSTID]; MULTI / XREAD BLOCK 0 STREAMS x $ / XREADGROUP GROUP g r BLOCK 0 STREAMS x > / EXEC;
COPY x x REPLACE; RENAME x x; DEL x; EXPIRE x t; TYPE x; OBJECT ENCODING x; SET x 1; XADD k u a 1; GET x; SWAPDB 0 1; COMMAND GETKEYS XREAD STREAMS x x q q";

const SORTS: &str = "\
SORT l; SORT l [ASC|DESC] [ALPHA] [LIMIT_c_c]; SORT z [ALPHA] [LIMIT_c_c] [DESC]; SORT k [ALPHA] [LIMIT_c_c] [DESC]; SORT_RO l [ALPHA] [DESC];
SORT l ALPHA [GET_#] [GET_w*] [DESC] [STORE_l]; SORT l BY w* [GET_#] [GET_h*->a] [LIMIT_c_c] [DESC] [STORE_l]; SORT l BY nosort [LIMIT_c_c] [DESC];
SORT l BY h*->a [GET_#] [DESC]; SORT l BY h*->b ALPHA [GET_#] [GET_s*]; SORT z BY w* [GET_#] [GET_w*]; SORT z BY nosort STORE l; SORT z ALPHA STORE l;
SORT k BY w* STORE k; SORT l STORE l; SORT l FOO [c]; SORT l [BY] [GET] [LIMIT_c]; RPUSH l {s}; RPUSH l {s}; RPUSH l {f}; RPUSH l {m}; SADD z {s};
SADD z {m}; SET w1 s; SET w2 s; SET w3 v; HSET h1 a s b m; HSET h2 a s b m; HSET h3 a s b v; DEL l; DEL z; SORT_RO l STORE l; SORT_RO z ALPHA";
