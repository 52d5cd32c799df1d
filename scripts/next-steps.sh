#!/usr/bin/env bash
# Says where the binary lies and what to try next: next-steps.sh PATH-OF-WEFT
set -euo pipefail

weft=$1
cat >&2 <<TEXT

The events above came from examples/quickstart/events.jsonl, the values written into them from examples/quickstart/shop.db.
The binary is $weft ("make install" copies a faster one to ~/.local/bin).

Next, an event of your own:
  echo '{"type":"track","event":"Product Viewed","properties":{"product_id":"KB-75-ISO"}}' | $weft run -f examples/quickstart

Then your own table (docs/own-table.md), and your own Kafka and Redis (docs/from-quickstart-to-kafka-and-redis.md).
TEXT
