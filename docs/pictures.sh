#!/bin/sh
# Makes docs/pictures/ by real runs: sh docs/pictures.sh FOLDER_OF_MNIST, from the root, with litclf and chromium installed.
set -eu
pictures=$(cd "$(dirname "$0")" && pwd)/pictures
data=$(cd "$1" && pwd)
runs=$(mktemp -d)
cd "$runs"
litclf fit -c circles
litclf fit -c mnist --data.data_dir "$data"
for name in boundary curves gradients; do
  cp "lightning_logs/circles/version_0/$name.png" "$pictures/circles-$name.png"
done
for name in confusion_matrix worst; do
  cp "lightning_logs/mnist/version_0/$name.png" "$pictures/mnist-$name.png"
done
chromium --headless --no-sandbox --hide-scrollbars --virtual-time-budget=5000 --window-size=1000,1460 \
  --screenshot="$pictures/circles-report.png" "file://$runs/lightning_logs/circles/version_0/report.html"
rm -r "$runs"
