#!/usr/bin/env bash
# A real Apache Kafka (KRaft) on free ports of loopback, whose files all lie in one folder.
#
#   kafka.sh fetch                  get the jars from Maven Central, once for a machine; prints where they are
#   kafka.sh start FOLDER [N]       make N brokers (1 or 3; default 1) and start them; FOLDER/env says where they listen
#   kafka.sh stop FOLDER            end them all and wait until they are gone
#   kafka.sh kill FOLDER ID         end one without a farewell (SIGKILL)
#   kafka.sh up FOLDER ID           start one again
#   kafka.sh tool FOLDER CLASS ...  run one of Kafka's command line classes, such as
#                                   org.apache.kafka.tools.consumer.group.ConsumerGroupCommand, on the brokers
#
# Each broker has five listeners: plain text; SASL_SSL (PLAIN and SCRAM, user `alice`); SSL that asks for a client
# certificate; plain text behind a proxy; and the controllers' own. FOLDER/tls has what a client needs of certificates.
#   KAFKA_HOST      the address that brokers listen at and tell their clients, in place of 127.0.0.1
#   KAFKA_HEAP      the heap of a broker [512m]
#   KAFKA_FEATURES  features other than the release's, such as group.version=0
#   KAFKA_PROXIES   the ports of loopback, one for each broker, where proxies wait that lead to the listeners behind them
#   KAFKA_OWNER     end everything once the process with this id is gone
#   KAFKA_CPUS      pin the brokers to these processors (taskset)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

# For tests on loopback only; nothing else knows them.
user=alice password=alice-secret

cache=${WEFT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/weft}
version=$(sed -n '/kafka_2.13/{n; s/.*<version>\(.*\)<.*/\1/p}' "$here/pom.xml")
jars=$cache/kafka-$version-$(sha256sum <"$here/pom.xml" | cut -c 1-12)
heap=${KAFKA_HEAP:-512m}
host=${KAFKA_HOST:-127.0.0.1}

fetch() {
    mkdir -p "$jars"
    exec 9>"$jars/lock"
    flock 9
    if [ ! -f "$jars/complete" ]; then
        echo "getting Apache Kafka $version from Maven Central into $jars (once for this machine)" >&2
        mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$jars" >&2
        touch "$jars/complete"
    fi
    flock -u 9
}

java_class() { # java_class OPTION... -- CLASS ARGUMENT...
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    exec java "${options[@]}" -cp "$jars/*" "$@"
}

# Below the ports that the system gives to connections, of which one could take a port before its broker listens.
free_ports() { # free_ports COUNT
    python3 - "$1" <<'PYTHON'
import pathlib, random, socket, sys

first = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
low, high = (10_000, first) if first > 20_000 else (0, 1)
taken = []
while len(taken) < int(sys.argv[1]):
    try:
        taken.append(socket.create_server(("127.0.0.1", random.randrange(low, high))))
    except OSError:
        continue
print(*(one.getsockname()[1] for one in taken))
PYTHON
}

certificates() { # certificates FOLDER
    local folder=$1 name
    mkdir -p "$folder"
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=weft tests" -keyout "$folder/ca.key" \
        -out "$folder/ca.crt" 2>/dev/null
    for name in server client; do
        openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout "$folder/$name.key" -out "$folder/$name.csr" 2>/dev/null
        openssl x509 -req -in "$folder/$name.csr" -CA "$folder/ca.crt" -CAkey "$folder/ca.key" -CAcreateserial -days 30 \
            -extfile <(echo "subjectAltName=DNS:localhost,IP:$host") -out "$folder/$name.crt" 2>/dev/null
    done
    # The broker takes key and chain from one PEM file, the key as PKCS #8.
    { openssl pkcs8 -topk8 -nocrypt -in "$folder/server.key"; cat "$folder/server.crt" "$folder/ca.crt"; } >"$folder/server.pem"
}

configuration() { # configuration FOLDER ID BROKERS PORT...: five ports a broker
    local folder=$1 id=$2 brokers=$3
    shift 3
    local ports=("$@") voters="" at copies=1 in_sync=1 number proxies proxy
    for number in $(seq "$brokers"); do
        voters+=${voters:+,}$number@$host:${ports[number * 5 - 1]}
    done
    [ "$brokers" -lt 3 ] || copies=3 in_sync=2
    at=$((id * 5 - 5))
    # Clients go where they are told that a broker is, so a proxy has to be what the broker tells.
    read -ra proxies <<<"${KAFKA_PROXIES:-}"
    proxy=${proxies[id - 1]:-${ports[at + 3]}}
    cat <<CONFIGURATION
process.roles=broker,controller
node.id=$id
controller.quorum.voters=$voters
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAIN
listeners=PLAIN://$host:${ports[at]},SASL://$host:${ports[at + 1]},TLS://$host:${ports[at + 2]},PROXIED://$host:${ports[at + 3]},CONTROLLER://$host:${ports[at + 4]}
advertised.listeners=PLAIN://$host:${ports[at]},SASL://$host:${ports[at + 1]},TLS://$host:${ports[at + 2]},PROXIED://$host:$proxy
listener.security.protocol.map=PLAIN:PLAINTEXT,SASL:SASL_SSL,TLS:SSL,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
listener.name.sasl.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_$user="$password";
listener.name.sasl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location=$folder/tls/server.pem
ssl.truststore.type=PEM
ssl.truststore.location=$folder/tls/ca.crt
listener.name.tls.ssl.client.auth=required
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
super.users=User:ANONYMOUS
log.dirs=$folder/$id/data
num.partitions=4
default.replication.factor=$copies
min.insync.replicas=$in_sync
offsets.topic.replication.factor=$copies
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=$copies
transaction.state.log.min.isr=$in_sync
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
group.consumer.min.session.timeout.ms=3000
group.consumer.session.timeout.ms=6000
group.consumer.min.heartbeat.interval.ms=500
group.consumer.heartbeat.interval.ms=1000
group.min.session.timeout.ms=3000
auto.create.topics.enable=false
log.retention.ms=-1
log.segment.bytes=134217728
CONFIGURATION
}

launch() { # launch FOLDER ID
    local folder=$1 id=$2 pin=()
    [ -z "${KAFKA_CPUS:-}" ] || pin=(taskset -c "$KAFKA_CPUS")
    nohup "${pin[@]}" java -Xms"$heap" -Xmx"$heap" \
        -Dlog4j2.configurationFile="$folder/log4j2.properties" -cp "$jars/*" kafka.Kafka "$folder/$id/server.properties" \
        >>"$folder/$id/log" 2>&1 </dev/null &
    echo $! >"$folder/$id/pid"
}

pids() { # pids FOLDER
    cat "$1"/[0-9]*/pid 2>/dev/null || true
}

stop() { # stop FOLDER
    local pid
    for pid in $(pids "$1"); do kill -9 "$pid" 2>/dev/null || true; done
    for pid in $(pids "$1"); do
        while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
    done
    rm -f "$1"/[0-9]*/pid
}

start() { # start FOLDER BROKERS
    local folder=$1 brokers=$2 cluster id ports feature features=()
    mkdir -p "$folder"
    folder=$(cd "$folder" && pwd)
    [ ! -e "$folder/env" ] || { echo "kafka.sh: $folder holds brokers already" >&2; exit 2; }
    fetch
    certificates "$folder/tls"
    printf '%s\n' appender.out.type=Console appender.out.name=out appender.out.layout.type=PatternLayout \
        'appender.out.layout.pattern=%d{HH:mm:ss.SSS} %p %c{1} %m%n' rootLogger.level=warn rootLogger.appenderRef.out.ref=out \
        >"$folder/log4j2.properties"
    read -ra ports < <(free_ports $((brokers * 5)))
    cluster=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d =)
    for feature in ${KAFKA_FEATURES:-}; do features+=(--feature "$feature"); done
    for id in $(seq "$brokers"); do
        mkdir -p "$folder/$id"
        configuration "$folder" "$id" "$brokers" "${ports[@]}" >"$folder/$id/server.properties"
        (java_class -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile="$folder/log4j2.properties" -- kafka.tools.StorageTool \
            format --cluster-id="$cluster" -c "$folder/$id/server.properties" "${features[@]}" \
            --add-scram "SCRAM-SHA-256=[name=$user,password=$password]" \
            --add-scram "SCRAM-SHA-512=[name=$user,password=$password]") >"$folder/$id/format.log" 2>&1 ||
            { cat "$folder/$id/format.log" >&2; exit 1; }
        launch "$folder" "$id"
    done
    if [ -n "${KAFKA_OWNER:-}" ]; then
        # Also when whoever wanted the brokers was killed and could not say so.
        (trap '' HUP INT TERM; tail --pid="$KAFKA_OWNER" -f /dev/null; stop "$folder"; rm -rf "$folder") \
            >/dev/null 2>&1 </dev/null &
    fi
    local plain="" sasl="" tls="" behind=""
    for id in $(seq "$brokers"); do
        plain+=${plain:+,}$host:${ports[id * 5 - 5]}
        sasl+=${sasl:+,}$host:${ports[id * 5 - 4]}
        tls+=${tls:+,}$host:${ports[id * 5 - 3]}
        behind+=${behind:+,}${ports[id * 5 - 2]}
    done
    printf '%s\n' "plain=$plain" "sasl=$sasl" "tls=$tls" "behind=$behind" "user=$user" "password=$password" >"$folder/env"
}

command=${1:-help}
shift || true
case $command in
fetch) fetch && echo "$jars" ;;
start) start "${1:?a folder}" "${2:-1}" ;;
stop) stop "${1:?a folder}" ;;
kill)
    kill -9 "$(cat "${1:?a folder}/${2:?a broker}/pid")"
    ;;
up) launch "$(cd "${1:?a folder}" && pwd)" "${2:?a broker}" ;;
tool)
    folder=${1:?a folder} class=${2:?a class}
    shift 2
    java_class -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile="$folder/log4j2.properties" -- "$class" \
        --bootstrap-server "$(sed -n 's/^plain=//p' "$folder/env")" "$@"
    ;;
*)
    sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"
    exit 2
    ;;
esac
