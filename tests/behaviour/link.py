# SPDX-License-Identifier: MIT
"""A wire between two machines that loses packets as it is told to.

link.py CONTROL SAYS

Makes the network interfaces `wire` and `wire-far`, of which the second is to be given to another network namespace,
and says "ready" when they are there. Of the packets that come from either it passes on so many percent less as the last
line of the pipe CONTROL says; an empty line changes nothing. To each line it answers into the pipe SAYS with the number
of packets that were lost so far.
"""
import fcntl
import os
import random
import select
import struct
import sys

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000


def interface(name):
    wire = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(wire, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return wire


near, far = interface("wire"), interface("wire-far")
control = os.open(sys.argv[1], os.O_RDWR | os.O_NONBLOCK)
says = os.open(sys.argv[2], os.O_RDWR)
other = {near: far, far: near}
chance = random.Random(1)
percent = lost = 0
told = b""
print("ready", flush=True)
while True:
    for source in select.select([near, far, control], [], [])[0]:
        if source == control:
            *lines, told = (told + os.read(control, 4096)).split(b"\n")
            for line in lines:
                percent = int(line) if line else percent
                os.write(says, b"%d\n" % lost)
            continue
        try:
            packet = os.read(source, 65536)
            if chance.randrange(100) < percent:
                lost += 1
            else:
                os.write(other[source], packet)
        except OSError:
            # One end is down.
            lost += 1
