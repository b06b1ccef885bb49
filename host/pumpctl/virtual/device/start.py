"""Starts the firmware on the MicroPython unix port: start.py <config.json>. Keys: see pumpctl.virtual.launcher."""

import gc
import json
import os
import sys

# As firmware/main.py does, and before anything is loaded: garbage between what stays would split the heap.
gc.threshold(16 * 1024)

HERE = sys.argv[0].rsplit("/", 1)[0] if "/" in sys.argv[0] else "."
SAVE_EVERY_US = 6 * 3600 * 1000000
MOUNT_POINT = "/pump"


def power_on(config):
    """Build the world around the firmware as the configuration and the saved plant describe it."""
    # Built-in modules give way to files of the same name only if these come first.
    sys.path[:] = [HERE, HERE + "/../world"] + config["firmware_dirs"] + [".frozen"]
    import binascii

    import idle
    import installed
    import saved
    from chipstate import chip
    from control import Control
    from flash import image
    from kernel import Event
    from slaves import clock

    clock.ppm = config.get("crystal_ppm", 0)
    plant_path = config["plant"]
    installed.folder = config.get("image")
    saved.load(plant_path, config.get("seed", 1), config.get("wall_ms", 0))
    chip.begin(config.get("reset_cause", "power-on"), binascii.unhexlify(config.get("serial", "0000000000000000")))
    chip.before_end = lambda off_ms: saved.save(plant_path, off_ms)
    fresh = not exists(config["flash"])
    image.open(config["flash"])
    if config.get("control_fd", -1) >= 0:
        idle.control = Control(open(config["control_fd"], "r+b", 0))  # noqa: SIM115 (open for life)
    idle.set_speed(config.get("speed", 1.0))
    mount()
    if fresh and config.get("files"):
        put_files(config["files"])
    keeper = Event()
    keeper.fire = lambda: saved.save(plant_path)
    keeper.schedule(SAVE_EVERY_US, SAVE_EVERY_US)


def mount():
    """Mount the flash; as stock MicroPython does, format it when that fails."""
    import rp2

    device = rp2.Flash()
    try:
        volume = _volume(device)
    except OSError:
        print("the flash is formatted", file=sys.stderr)
        os.VfsLfs2.mkfs(device, progsize=256)
        volume = _volume(device)
    os.mount(volume, MOUNT_POINT)


def _volume(device):
    # No times of modification: littlefs would take them from the real clock, and no two lives would be alike.
    return os.VfsLfs2(device, progsize=256, mtime=False)


def exists(path):
    """Whether there is such a file."""
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def put_files(folder):
    """The files of a folder, as if they had always been on the flash: writing them takes no time."""
    import kernel

    for entry in os.ilistdir(folder):
        with open(folder + "/" + entry[0], "rb") as source, open(MOUNT_POINT + "/" + entry[0], "wb") as copy:
            copy.write(source.read())
    kernel.now_us = 0


def live(program):
    """Run a program until it or the processor ends; an error after the processor has stopped means nothing."""
    import kernel

    try:
        program()
    except Exception as error:
        kernel.check()
        # Standard output is the serial line.
        sys.print_exception(error, sys.stderr)
        sys.exit(1)
    kernel.check()


def firmware():
    """The firmware, and after it nothing but time: a REPL has no place here."""
    import bits
    import machine
    import main

    if hasattr(main, "Pump"):  # a test may run another program
        main.Pump = bits.registering(main.Pump)
    main.main()
    print("the firmware has returned", file=sys.stderr)
    while True:
        machine.lightsleep()


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        configuration = json.load(file)
    power_on(configuration)
    del configuration
    live(firmware)
