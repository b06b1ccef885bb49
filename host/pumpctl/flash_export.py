"""The compiled application as a folder that `mpremote mip` installs, for a board that is not at this machine."""

from pathlib import Path

from pumpctl import firmware_files
from pumpctl.errors import UsageProblem
from pumpctl.flash_plan import Plan


def export(plan: Plan, folder: Path) -> Path:
    """Write the application, the launcher and mip's list into `folder`, new or empty; the list's path. UsageProblem."""
    contents = {f"{firmware_files.FOLDER}/{file.path}": file.data for file in plan.files}
    contents[plan.launcher.path] = plan.launcher.data
    listed = folder / "package.json"
    try:
        if folder.exists() and any(folder.iterdir()):
            raise UsageProblem(
                f"{folder} is not empty", field="--export", value=str(folder), remedy="name a new folder"
            )
        for path, data in contents.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        listed.write_text(firmware_files.mip_list({path: path for path in contents}), encoding="utf-8")
    except OSError as error:
        text = f"{folder}: {error.strerror or error}"
        remedy = "name a new folder that can be written"
        raise UsageProblem(text, field="--export", value=str(folder), remedy=remedy) from error
    return listed
