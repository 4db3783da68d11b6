//! A Galera cluster whose nodes are stopped, killed, frozen, disconnected and restarted.

use std::fs;

use chatkeep_testkit::GaleraCluster;

#[test]
fn restarted_nodes_have_the_rows_of_the_others() {
    let mut cluster = GaleraCluster::start();
    let database = cluster.node(0).create_database();
    database.execute("CREATE TABLE t (a INTEGER PRIMARY KEY)");

    cluster.node_mut(1).stop();
    cluster.await_size(0, 2);
    database.execute("INSERT INTO t VALUES (1)");
    cluster.node_mut(1).start_again();
    cluster.await_size(0, 3);

    cluster.node_mut(2).kill();
    cluster.await_size(0, 2);
    database.execute("INSERT INTO t VALUES (2)");
    cluster.node_mut(2).start_again();
    cluster.await_size(0, 3);

    cluster.node(0).pause();
    cluster.await_size(1, 2);
    cluster.node(0).resume();
    cluster.await_size(0, 3);

    cluster.isolate(0, true);
    let refused = (0..200).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        database.try_execute("SELECT * FROM t").err()
    });
    assert!(refused.expect("an isolated node rejects statements").contains("1047"));
    cluster.isolate(0, false);
    cluster.await_size(0, 3);

    for number in 0..3 {
        let through = cluster.database_through(number, &database);
        assert_eq!(through.scalar("SELECT SUM(a) FROM t").as_deref(), Some("3"), "node {number}");
    }
    let pids: Vec<_> =
        cluster.nodes().iter().map(|node| node.pid().expect("the node is running")).collect();
    let folder = cluster.node(0).socket().parent().expect("a folder").to_owned();
    drop(cluster);
    assert!(!fs::exists(&folder).expect("the folder above can be read"));
    for pid in pids {
        assert!(
            !fs::exists(format!("/proc/{pid}")).expect("/proc can be read"),
            "process {pid} remains"
        );
    }
}
