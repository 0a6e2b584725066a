# SPDX-License-Identifier: MIT
"""A link between two machines that drops packets on request.

link.py CONTROL SAYS

Creates the network interfaces `wire` and `wire-far`, the second of which is to be moved to another network namespace,
and prints "ready". Each line of the pipe CONTROL sets the percentage of packets that are dropped in
both directions; an empty line does not change it. For each line, writes the number of packets dropped so far to SAYS.
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
