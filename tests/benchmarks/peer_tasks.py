"""What other tools do, each in an environment of its own: ``python peer_tasks.py TASK FOLDER``.

Imports pandas and the tool alone. Prints a line of JSON: CPU seconds and the peak of memory in megabytes, or for
``*-alarms`` the divisions below FOLDER in which the tool raises an alarm.
"""

import json
import resource
import sys
import warnings
from pathlib import Path

import pandas as pd


def parts(folder):
    return [pd.read_parquet(folder / f"{name}.parquet") for name in ("train", "test")]


def of_deepchecks(frame):
    from deepchecks.tabular import Dataset

    named = [n for n in frame if frame[n].dtype == object or frame[n].dtype == bool]
    return Dataset(frame, label="target", cat_features=[n for n in named if n != "target"])


def deepchecks_integrity(folder):
    from deepchecks.tabular.suites import data_integrity

    data_integrity().run(of_deepchecks(parts(folder)[0]))


def deepchecks_splits(folder):
    from deepchecks.tabular.suites import train_test_validation

    train_test_validation().run(*map(of_deepchecks, parts(folder)))


def deepchecks_alarm(folder):
    from deepchecks.tabular.checks import FeatureDrift, MultivariateDrift

    train, test = map(of_deepchecks, parts(folder))
    checks = (
        FeatureDrift().add_condition_drift_score_less_than(),
        MultivariateDrift().add_condition_overall_drift_value_less_than(),
    )
    return not all(check.run(train, test).passed_conditions() for check in checks)


def evidently_drift(folder):
    from evidently import Dataset, Report
    from evidently.presets import DataDriftPreset

    train, test = (Dataset.from_pandas(frame) for frame in parts(folder))
    return Report([DataDriftPreset()]).run(test, train)


def evidently_summary(folder):
    from evidently import Dataset, Report
    from evidently.presets import DataSummaryPreset

    return Report([DataSummaryPreset()]).run(Dataset.from_pandas(parts(folder)[0]), None)


def evidently_alarm(folder):
    drifted = evidently_drift(folder).dict()["metrics"][0]["value"]
    return drifted["count"] > 0


def ydata_minimal(folder):
    from ydata_profiling import ProfileReport

    ProfileReport(parts(folder)[0], minimal=True, progress_bar=False).to_html()


def alarms(alarm, folder):
    return [f.name for f in sorted(folder.iterdir()) if f.is_dir() and alarm(f)]


TASKS = {
    "deepchecks-integrity": deepchecks_integrity,
    "deepchecks-splits": deepchecks_splits,
    "evidently-summary": evidently_summary,
    "evidently-drift": evidently_drift,
    "ydata-minimal": ydata_minimal,
}
ALARMS = {"deepchecks-alarms": deepchecks_alarm, "evidently-alarms": evidently_alarm}


def main():
    warnings.simplefilter("ignore")
    task, folder = sys.argv[1], Path(sys.argv[2])
    if task in ALARMS:
        print(json.dumps(alarms(ALARMS[task], folder)))
        return
    TASKS[task](folder)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps((used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)))


if __name__ == "__main__":
    main()
