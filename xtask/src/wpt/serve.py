# Starts the server of a tree of web-platform-tests, as `wpt serve` does but without its packages from the network.
# Arguments: the tree and a file of configuration. Ends with all its processes when standard input does.
import os
import signal
import sys
import threading

tree, config = sys.argv[1:3]


def end_with_input():
    os.read(0, 1)
    os.killpg(0, signal.SIGKILL)


os.setsid()
threading.Thread(target=end_with_input, daemon=True).start()
os.chdir(tree)
sys.path.insert(0, tree)
from tools import localpaths  # noqa: E402, F401 (finds the libraries that the tree carries)
from tools.serve import serve  # noqa: E402

serve.run(config_path=config)
