//! What this server has not: clusters, replicas, files and modules. Each command is refused with the words that Redis itself uses while
//! that feature is off, or answered as by a server that has nothing to do.

use super::call::Call;
use super::command::{Command, Run};
use super::error::{self, Error};
use super::group::Group;
use super::introspect::{bare_container, help};
use super::replicas::{replconf, wait};
use super::replication::{psync, replicaof, sync};
use super::reply::Reply;
use super::store::{Out, Sent};
use alloc::vec::Vec;

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Server, name, arity, run)
}

const fn cluster(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Cluster, name, arity, run)
}

/// The rows by name.
pub const COMMANDS: &[Command] = &[
    cluster("asking", 1, no_cluster)
        .flags("fast")
        .categories("connection")
        .takes("3.0.0", "")
        .says("Lets the next command through to a slot that is being moved", "允许下一条命令访问正在迁移的槽"),
    row("bgrewriteaof", 1, bgrewriteaof)
        .flags("admin noscript no_async_loading")
        .takes("1.0.0", "")
        .says("Rewrites the append-only file, which this server does not have", "重写 AOF 文件，本服务器没有"),
    row("bgsave", -1, bgsave)
        .flags("admin noscript no_async_loading")
        .takes("1.0.0", "[SCHEDULE@3.2.2]")
        .says("Saves in the background, which this server cannot", "后台保存，本服务器不支持"),
    cluster("cluster", -2, bare_container)
        .container()
        .takes("3.0.0", "")
        .says("Looks after a cluster, which this server is not part of", "管理集群，本服务器不在集群中"),
    cluster("cluster|addslots", -3, no_cluster)
        .flags("admin stale no_async_loading")
        .takes("3.0.0", "slot [slot ...]")
        .says("CLUSTER ADDSLOTS of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|addslotsrange", -4, no_cluster)
        .flags("admin stale no_async_loading")
        .takes("7.0.0", "{start-slot_end-slot:start-slot end-slot} [start-slot end-slot ...]")
        .says("CLUSTER ADDSLOTSRANGE of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|bumpepoch", 2, no_cluster)
        .flags("admin stale no_async_loading")
        .tips("nondeterministic_output")
        .takes("3.0.0", "")
        .says("CLUSTER BUMPEPOCH of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|count-failure-reports", 3, no_cluster)
        .flags("admin stale")
        .tips("nondeterministic_output")
        .takes("3.0.0", "node-id")
        .says(
            "CLUSTER COUNT FAILURE REPORTS of a cluster, which this server is not part of",
            "集群命令，本服务器不在集群中",
        ),
    cluster("cluster|countkeysinslot", 3, no_cluster)
        .flags("stale")
        .takes("3.0.0", "slot")
        .says("CLUSTER COUNTKEYSINSLOT of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|delslots", -3, no_cluster)
        .flags("admin stale no_async_loading")
        .takes("3.0.0", "slot [slot ...]")
        .says("CLUSTER DELSLOTS of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|delslotsrange", -4, no_cluster)
        .flags("admin stale no_async_loading")
        .takes("7.0.0", "{start-slot_end-slot:start-slot end-slot} [start-slot end-slot ...]")
        .says("CLUSTER DELSLOTSRANGE of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|failover", -2, no_cluster)
        .flags("admin stale no_async_loading")
        .takes("3.0.0", "[{options:FORCE|TAKEOVER}]")
        .says("CLUSTER FAILOVER of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|flushslots", 2, no_cluster)
        .flags("admin stale no_async_loading")
        .takes("3.0.0", "")
        .says("CLUSTER FLUSHSLOTS of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|forget", 3, no_cluster)
        .flags("admin stale no_async_loading")
        .takes("3.0.0", "node-id")
        .says("CLUSTER FORGET of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|getkeysinslot", 4, no_cluster)
        .flags("stale")
        .tips("nondeterministic_output")
        .takes("3.0.0", "slot count")
        .says("CLUSTER GETKEYSINSLOT of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|help", 2, no_cluster)
        .flags("loading stale")
        .takes("5.0.0", "")
        .says("Lists the subcommands", "列出子命令"),
    cluster("cluster|info", 2, no_cluster)
        .flags("stale")
        .tips("nondeterministic_output")
        .takes("3.0.0", "")
        .says("CLUSTER INFO of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|keyslot", 3, no_cluster)
        .flags("stale")
        .takes("3.0.0", "key%s")
        .says("CLUSTER KEYSLOT of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|links", 2, no_cluster)
        .flags("stale")
        .tips("nondeterministic_output")
        .takes("7.0.0", "")
        .says("CLUSTER LINKS of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|meet", -4, no_cluster)
        .flags("admin stale no_async_loading")
        .takes("3.0.0", "ip port [cluster_bus_port@4.0.0]")
        .says("CLUSTER MEET of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|myid", 2, no_cluster)
        .flags("stale")
        .takes("3.0.0", "")
        .says("CLUSTER MYID of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|nodes", 2, no_cluster)
        .flags("stale")
        .tips("nondeterministic_output")
        .takes("3.0.0", "")
        .says("CLUSTER NODES of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|replicas", 3, no_cluster)
        .flags("admin stale")
        .tips("nondeterministic_output")
        .takes("5.0.0", "node-id")
        .says("CLUSTER REPLICAS of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|replicate", 3, no_cluster)
        .flags("admin stale no_async_loading")
        .takes("3.0.0", "node-id")
        .says("CLUSTER REPLICATE of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|reset", -2, no_cluster)
        .flags("admin noscript stale")
        .takes("3.0.0", "[{hard_soft:HARD|SOFT}]")
        .says("CLUSTER RESET of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|saveconfig", 2, no_cluster)
        .flags("admin stale no_async_loading")
        .takes("3.0.0", "")
        .says("CLUSTER SAVECONFIG of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|set-config-epoch", 3, no_cluster)
        .flags("admin stale no_async_loading")
        .takes("3.0.0", "config-epoch")
        .says(
            "CLUSTER SET CONFIG EPOCH of a cluster, which this server is not part of",
            "集群命令，本服务器不在集群中",
        ),
    cluster("cluster|setslot", -4, no_cluster)
        .flags("admin stale no_async_loading")
        .takes("3.0.0", "slot {subcommand:IMPORTING node-id|MIGRATING node-id|NODE node-id|STABLE}")
        .says("CLUSTER SETSLOT of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|shards", 2, no_cluster)
        .flags("stale")
        .tips("nondeterministic_output")
        .takes("7.0.0", "")
        .says("CLUSTER SHARDS of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|slaves", 3, no_cluster)
        .flags("admin stale")
        .tips("nondeterministic_output")
        .takes("3.0.0", "node-id")
        .says("CLUSTER SLAVES of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    cluster("cluster|slots", 2, no_cluster)
        .flags("stale")
        .tips("nondeterministic_output")
        .takes("3.0.0", "")
        .says("CLUSTER SLOTS of a cluster, which this server is not part of", "集群命令，本服务器不在集群中"),
    row("failover", -1, failover)
        .flags("admin noscript stale")
        .takes("6.2.0", "[TO {target:host port [FORCE]}] [ABORT] [TIMEOUT milliseconds]")
        .says("Hands the part of the master to a replica", "把主节点角色交给副本"),
    row("module", -2, bare_container)
        .container()
        .takes("4.0.0", "")
        .says("Looks after modules, which this server does not load", "管理模块，本服务器不加载"),
    row("module|help", 2, help).flags("loading stale").takes("5.0.0", "").says("Lists the subcommands", "列出子命令"),
    row("module|list", 2, module_list)
        .flags("admin noscript")
        .tips("nondeterministic_output_order")
        .takes("4.0.0", "")
        .says("Lists the modules: none", "列出模块，这里没有"),
    row("module|load", -3, no_modules)
        .flags("admin noscript no_async_loading")
        .takes("4.0.0", "path [arg [arg ...]]")
        .says("Loads a module, which this server does not", "加载模块，本服务器不支持"),
    row("module|loadex", -3, no_modules)
        .flags("admin noscript no_async_loading")
        .takes("7.0.0", "path [CONFIG {configs:name value} [CONFIG name value ...]] [ARGS {args:arg} [arg ...]]")
        .says("Loads a module with parameters, which this server does not", "带参数加载模块，本服务器不支持"),
    row("module|unload", 3, no_modules)
        .flags("admin noscript no_async_loading")
        .takes("4.0.0", "name")
        .says("Unloads a module", "卸载模块"),
    row("psync", -3, psync)
        .flags("admin noscript no_async_loading no_multi")
        .takes("2.8.0", "replicationid offset")
        .says("What a replica begins with", "副本同步命令"),
    cluster("readonly", 1, no_cluster)
        .flags("loading stale fast")
        .categories("connection")
        .takes("3.0.0", "")
        .says("Lets a replica of a cluster answer reads", "允许集群副本处理读请求"),
    cluster("readwrite", 1, no_cluster)
        .flags("loading stale fast")
        .categories("connection")
        .takes("3.0.0", "")
        .says("Ends READONLY", "结束 READONLY"),
    row("replconf", -1, replconf)
        .flags("admin noscript loading stale allow_busy")
        .takes("3.0.0", "")
        .says("What a replica tells of itself", "副本上报自身信息"),
    row("replicaof", 3, replicaof)
        .flags("admin noscript stale no_async_loading")
        .takes("5.0.0", "{args:{host-port:host port}|{no-one:NO ONE}}")
        .says(
            "Makes the server a replica; this one never reaches its master",
            "把服务器设为副本，本服务器不会连上主服务器",
        ),
    row("save", 1, save)
        .flags("admin noscript no_async_loading no_multi")
        .takes("1.0.0", "")
        .says("Saves, which this server cannot", "保存数据，本服务器不支持"),
    row("shutdown", -1, shutdown)
        .flags("admin noscript loading stale no_multi allow_busy")
        .takes("1.0.0", "[{nosave_save:NOSAVE|SAVE}] [NOW@7.0.0] [FORCE@7.0.0] [ABORT@7.0.0]")
        .says("Ends the server", "关闭服务器"),
    row("slaveof", 3, replicaof)
        .flags("admin noscript stale no_async_loading")
        .takes("1.0.0", "{args:{host-port:host port}|{no-one:NO ONE}}")
        .says("REPLICAOF by its older name", "REPLICAOF 的旧名"),
    Command::new(Group::Generic, "wait", 3, wait)
        .flags("noscript")
        .categories("connection")
        .tips("request_policy:all_shards response_policy:agg_min")
        .takes("3.0.0", "numreplicas timeout%i")
        .says("Waits until so many replicas have read what this client wrote", "等待指定数量的副本收到本客户端的写入"),
    row("sync", 1, sync)
        .flags("admin noscript no_async_loading no_multi")
        .takes("1.0.0", "")
        .says("What an old replica begins with", "旧版副本同步命令"),
];

fn no_cluster(_: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Err(error::NO_CLUSTER)
}

fn no_modules(_: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Err(error::NO_MODULES)
}

fn module_list(_: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Array(Vec::new()))
}

/// There are no files: nothing is written, though LASTSAVE and INFO tell of it.
fn note_save(call: &mut Call<'_, '_>) {
    call.store.dirty = 0;
    call.store.host.saved = (call.cx.now_ms, call.store.host.saved.1 + 1);
}

fn save(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    note_save(call);
    Ok(Reply::OK)
}

fn bgsave(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    match call.args.len() {
        1 => {}
        2 if call.is_word(1, "schedule") => {}
        _ => return Err(error::SYNTAX),
    }
    note_save(call);
    Ok(Reply::status("Background saving started"))
}

fn bgrewriteaof(_: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::status("Background append only file rewriting started"))
}

fn failover(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    if call.args.len() == 2 && call.is_word(1, "abort") { Err(error::NO_FAILOVER) } else { Err(error::NO_REPLICAS) }
}

fn shutdown(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let known =
        |place: &usize| ["save", "nosave", "now", "force", "abort"].iter().any(|word| call.is_word(*place, word));
    if !(1..call.args.len()).all(|place| known(&place)) {
        return Err(error::SYNTAX);
    }
    if (1..call.args.len()).any(|place| call.is_word(place, "abort")) {
        return Err(if call.args.len() == 2 { error::NO_SHUTDOWN } else { error::SYNTAX });
    }
    if let Some(error) = call.store.busy_error()
        && !(1..call.args.len()).any(|place| call.is_word(place, "nosave"))
    {
        return Err(error);
    }
    call.cx.out.push(Out { client: call.client, sent: Sent::Shutdown });
    Ok(Reply::None)
}
