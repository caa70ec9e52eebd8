"""coco, yolo and voc: what they hold comes back, and others' files are read as they are meant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import PIL.Image
import pytest

from goldwork.errors import InputError
from goldwork.io.exchange import Answered, Example, exchange, sniff
from goldwork.tasks.questions import read_form
from tests.io.exchange_samples import ATTRIBUTES, SIZE, boxes_form, image, many_images, plain, text, written

BOXES = ("coco", "voc", "yolo")
MANY = [f"class {number}: “ünï” # 🙂 e\u0301 <&> 'a' \\ \"" for number in range(40)]


@pytest.mark.parametrize("name", BOXES)
@pytest.mark.parametrize("classes", [["cat"], MANY], ids=["one", "many"])
def test_what_is_written_is_read(name: str, classes: list[str], tmp_path: Path) -> None:
    form, examples = boxes_form(*classes), many_images(len(classes), classes)
    path = written(tmp_path, name, form, examples)
    assert plain(exchange.get(name).read(path)) == plain(examples)
    assert sniff(path) == name
    values = [one.value for one in read_form(exchange.get(name).form(path)).questions[0].task.classes]
    assert values == (sorted(classes) if name == "voc" else classes)


@pytest.mark.parametrize("name", BOXES)
def test_bytes_are_the_same(name: str, tmp_path: Path) -> None:
    form, examples = boxes_form("a", "b"), many_images(3, "ab")
    contents = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        path = written(tmp_path / folder, name, form, iter(examples))
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        contents.append({file.relative_to(path).as_posix(): file.read_bytes() for file in files if file.is_file()})
    assert contents[0] == contents[1]


@pytest.mark.parametrize("name", BOXES)
def test_failed_output_leaves_nothing(name: str, tmp_path: Path) -> None:
    def examples() -> Any:
        yield image("a.png", (1, 2, 3, 4, "cat"))
        yield image("b.png", (1, 2, 3, 4, "\ud800"))

    for broken in (examples(), [image("\ud800.png")], [image("a.png", (639, 0, 2, 2, "cat"))]):
        with pytest.raises(InputError):
            written(tmp_path, name, boxes_form("cat"), broken)
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", BOXES)
def test_it_holds_one_answer_and_says_so(name: str, tmp_path: Path) -> None:
    one = image("a.png", (1, 2, 3, 4, "cat"))
    twice = Example(one.id, one.fields, one.answered * 2)
    with pytest.raises(InputError, match=r"item a\.png, question boxes: 2 answers, and this format holds one"):
        written(tmp_path, name, boxes_form("cat"), [twice])
    with pytest.raises(InputError, match=r"item a\.png: it stands twice"):
        written(tmp_path, name, boxes_form("cat"), [one, one])
    path = written(tmp_path, name, boxes_form("cat"), [one, Example("b", {"image": "b.png"})])
    assert plain(exchange.get(name).read(path)) == plain([one])
    form = boxes_form("cat")
    assert not exchange.get(name).several
    assert any("item without an answer" in said for said in exchange.get(name).losses(form))


@pytest.mark.parametrize("name", BOXES)
def test_losses_are_said(name: str) -> None:
    questions = [
        {"name": "good", "title": "Good?", "task": {"type": "choice", "classes": [{"value": "a"}, {"value": "b"}]}},
        {
            "name": "objects",
            "title": "Draw.",
            "task": {
                "type": "boxes",
                "field": "photo",
                "low": 1,
                "classes": [{"value": "animal"}, {"value": "cat", "parent": "animal", "label": "A cat"}],
                "attributes": [{"name": "color", "options": ["red", "blue"]}],
            },
        },
    ]
    form = read_form({"fields": [{"name": "photo", "show": "image"}, {"name": "note"}], "questions": questions})
    said = " ".join(exchange.get(name).losses(form))
    for words in ("without: good", "'photo' only", "'boxes' about 'image'", "at least 1", "colours and helps"):
        assert words in said
    assert ("What classes stand under" in said) == (name != "coco")
    assert {"coco": "only the options that occur", "yolo": "Attributes of boxes", "voc": "not held: color"}[
        name
    ] in said
    only_choice = read_form({"questions": questions[:1]})
    with pytest.raises(InputError, match="holds boxes only"):
        exchange.get(name).losses(only_choice)


def test_coco_holds_parents_attributes_and_crowds(tmp_path: Path) -> None:
    options = {"name": "iscrowd", "options": ["1", "0"]}
    form = boxes_form({"value": "animal"}, {"value": "cat", "parent": "animal"}, attributes=[*ATTRIBUTES, options])
    examples = [
        image("a.png", (1, 2, 3, 4, "cat", {"iscrowd": "1", "pose": "Left"}), (2, 2, 3, 4, "animal"), item="7"),
        image("b.png", (1, 2, 3, 4, "cat", {"iscrowd": "0", "truncated": "1"}), item="12"),
    ]
    path = written(tmp_path, "coco", form, examples)
    assert plain(exchange.get("coco").read(path)) == plain(examples)
    content = json.loads(path.read_bytes())
    assert [one["id"] for one in content["images"]] == [7, 12]
    assert [one["iscrowd"] for one in content["annotations"]] == [1, 0, 0]
    assert content["annotations"][0]["bbox"] == [1, 2, 3, 4]
    task = read_form(exchange.get("coco").form(path)).questions[0].task
    assert [(one.value, one.parent) for one in task.classes] == [("animal", ""), ("cat", "animal")]
    assert {one.name: set(one.options) for one in task.attributes} == {
        "iscrowd": {"0", "1"}, "pose": {"Left", "other"}, "truncated": {"0", "1"},
    }  # fmt: skip


def test_coco_of_others_is_read(tmp_path: Path) -> None:
    """As https://cocodataset.org/#format-data has it, with CVAT's attributes and Roboflow's `none`."""
    path = tmp_path / "instances.json"
    path.write_text(
        json.dumps(
            {
                "info": {"year": 2017},
                "categories": [
                    {"id": 18, "name": "dog", "supercategory": "animal"},
                    {"id": 1, "name": "person", "supercategory": "person"},
                    {"id": 90, "name": "brush", "supercategory": "none"},
                ],
                "annotations": [
                    {"id": 9, "image_id": 397133, "category_id": 18, "bbox": [217.62, 240.54, 38.99, 57.75],
                     "iscrowd": 0, "segmentation": [[1, 2, 3, 4, 5, 6]], "area": 1.5,
                     "attributes": {"occluded": False, "track": 3}},
                ],
                "images": [{"id": 397133, "file_name": "000.jpg", "width": 640, "height": 427, "license": 4},
                           {"id": 5, "file_name": "empty.jpg"}],
            }
        )
    )  # fmt: skip
    box = {"x": 217.62, "y": 240.54, "width": 38.99, "height": 57.75, "label": "dog"}
    box["attributes"] = {"occluded": "false", "track": "3"}
    assert list(exchange.get("coco").read(path)) == [
        Example("397133", SIZE | {"image": "000.jpg", "image_height": "427"}, (Answered({"boxes": [box]}),)),
        Example("5", {"image": "empty.jpg"}, (Answered({"boxes": []}),)),
    ]  # fmt: skip
    task = read_form(exchange.get("coco").form(path)).questions[0].task
    assert [(one.value, one.parent) for one in task.classes] == [
        ("dog", "animal"), ("person", ""), ("brush", ""), ("animal", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": None}, r"images"),
        ({"annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 2, "3", 4]}]}, r"annotation 1, bbox\[2\]: "),
        ({"annotations": [{"image_id": 1, "category_id": 1, "id": 77, "bbox": [1, 2, 0, 4]}]},
         r"all\.json, annotation 1 \(id 77\): a box needs x and y from 0, width and height above 0\. Got .*width 0"),
        ({"annotations": [{"image_id": 2, "category_id": 1, "bbox": [1, 2, 3, 4]}]}, "there is no image 2"),
        ({"annotations": [{"image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4]}]}, "there is no category 2"),
        ({"images": [{"id": 1, "file_name": "a"}, {"id": 1, "file_name": "b"}]}, "two images have the same id"),
        ({"categories": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]}, "category 2: the id 1 stands twice"),
        ({"categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "a"}]}, "class 'a' stands twice"),
        ({"categories": []}, "needs 1 to 1000 classes"),
    ],
)  # fmt: skip
def test_coco_says_what_does_not_fit(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = written(tmp_path, "coco", boxes_form("cat"), [image("a.png", item="1")])
    path.write_text(json.dumps(json.loads(path.read_bytes()) | change))
    with pytest.raises(InputError, match=message):
        list(exchange.get("coco").read(path))


def test_yolo_needs_sizes(tmp_path: Path) -> None:
    unsized = Example("a", {"image": "a.png"}, image("a.png", (1, 2, 3, 4, "cat")).answered)
    with pytest.raises(InputError, match=r"item a: the size of its image 'a\.png' is not known.*image_width"):
        written(tmp_path, "yolo", boxes_form("cat"), [unsized])


def test_names_that_mean_something_elsewhere(tmp_path: Path) -> None:
    names = ("classes.png", "labels/a.png", "images/labels/b.png", "/".join("abcdefghijk") + "/l.png")
    examples = [image(name, (1, 2, 3, 4, "cat")) for name in names]
    for name in ("yolo", "voc"):
        (tmp_path / name).mkdir()
        path = written(tmp_path / name, name, boxes_form("cat"), examples)
        assert plain(exchange.get(name).read(path)) == plain(examples)


def test_yolo_of_others_is_read(tmp_path: Path) -> None:
    """As https://docs.ultralytics.com/datasets/detect/ has it: sizes from the images, parts, images without labels."""
    for name in ("images/train/b.png", "images/val/c.png", "images/a.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.new("RGB", (200, 100)).save(tmp_path / name)
    (tmp_path / "labels" / "train").mkdir(parents=True)
    (tmp_path / "labels" / "train" / "b.txt").write_text("1 0.5 0.5 0.1 0.2\n0 0.05 0.5 0.2 1.0\n")
    (tmp_path / "data.yaml").write_text("train: images/train\nnc: 2\nnames: ['dog', \"a cat\"]  # two\n")
    found = {one.id: one for one in exchange.get("yolo").read(tmp_path)}
    assert found.keys() == {"a.png", "train/b.png", "val/c.png"}
    assert found["train/b.png"].fields == {"image": "train/b.png", "image_width": "200", "image_height": "100"}
    assert found["train/b.png"].answered[0].answers["boxes"] == [
        {"x": 0, "y": 0, "width": 30, "height": 100, "label": "dog"},  # what stands out of the image is cut off
        {"x": 90, "y": 40, "width": 20, "height": 20, "label": "a cat"},
    ]
    assert found["a.png"].answered == (Answered({"boxes": []}),)
    PIL.Image.new("RGB", (100, 100)).save(tmp_path / "images" / "train" / "b.gif")  # shares the labels
    found = {one.id: one for one in exchange.get("yolo").read(tmp_path)}
    assert [len(found[name].answered[0].answers["boxes"]) for name in ("train/b.gif", "train/b.png")] == [2, 2]
    (tmp_path / "images" / "train" / "b.gif").unlink()
    (tmp_path / "images" / "train" / "b.png").unlink()
    with pytest.raises(
        InputError, match=r"labels/train/b\.txt: there is no image of this name.*Put the image into images/"
    ):
        list(exchange.get("yolo").read(tmp_path))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 0.5 0.5 0.1", r"labels/a\.txt, line 1: five numbers are needed.*Got 4"),
        ("0 0.1 0.1 0.2 0.1 0.2 0.2", "Got 7. Outlines are not read"),
        ("7 0.5 0.5 0.1 0.1", "names no class '7'"),
        ("cat 0.5 0.5 0.1 0.1", "names no class 'cat'"),
        ("0 320 0.5 0.1 0.1", r"a fraction from 0 to 1 is needed\. Got '320'"),
        ("0 nan 0.5 0.1 0.1", "Got 'nan'"),
        ("0 0.5 0.5 0 0.1", "width and height above 0"),
    ],
)
def test_yolo_says_what_does_not_fit(line: str, message: str, tmp_path: Path) -> None:
    path = written(tmp_path, "yolo", boxes_form("cat"), [image("a.png")])
    (path / "labels" / "a.txt").write_text(line)
    with pytest.raises(InputError, match=message):
        list(exchange.get("yolo").read(path))


def test_voc_counts_from_one(tmp_path: Path) -> None:
    """The first pixel is (1, 1), and `xmax` is the last one that the box has."""
    path = written(tmp_path, "voc", boxes_form("cat"), [image("a.png", (0, 0, 640, 480, "cat"), (0.5, 2, 1, 1, "cat"))])
    page = (path / "Annotations" / "a.xml").read_text()
    assert "<xmin>1</xmin><ymin>1</ymin><xmax>640</xmax><ymax>480</ymax>" in page
    assert "<xmin>1.5</xmin><ymin>3</ymin><xmax>1.5</xmax><ymax>3</ymax>" in page
    assert "<width>640</width><height>480</height><depth>3</depth>" in page
    assert (path / "ImageSets" / "Main" / "trainval.txt").read_text() == "a\n"


VOC_2012 = """<annotation>
	<folder>VOC2012</folder><filename>2007_000027.jpg</filename>
	<source><database>The VOC2007 Database</database></source>
	<size><width>486</width><height>500</height><depth>3</depth></size>
	<segmented>0</segmented>
	<object>
		<name> person </name><pose>Left</pose><truncated>0</truncated><difficult>1</difficult>
		<bndbox><xmin>174</xmin><ymin>101</ymin><xmax>349</xmax><ymax>351</ymax></bndbox>
		<part><name>head</name><bndbox><xmin>169</xmin><ymin>104</ymin><xmax>209</xmax><ymax>146</ymax></bndbox></part>
	</object>
</annotation>"""


def test_voc_of_others_is_read(tmp_path: Path) -> None:
    """As the devkit has it: a part has a name and a box, too, and neither is the object's."""
    (tmp_path / "2007_000027.xml").write_text(VOC_2012)
    box = {"x": 173, "y": 100, "width": 176, "height": 251, "label": "person"}
    box["attributes"] = {"difficult": "1", "pose": "Left"}
    fields = {"image": "2007_000027.jpg", "image_width": "486", "image_height": "500"}
    assert list(exchange.get("voc").read(tmp_path)) == [Example("2007_000027", fields, (Answered({"boxes": [box]}),))]
    assert sniff(tmp_path) == "voc"


def test_voc_holds_its_attributes(tmp_path: Path) -> None:
    form = boxes_form("cat", attributes=ATTRIBUTES)
    examples = [image("a.png", (1, 2, 3, 4, "cat", {"pose": "Left", "truncated": "1"}), (2, 2, 3, 4, "cat"))]
    path = written(tmp_path, "voc", form, examples)
    assert plain(exchange.get("voc").read(path)) == plain(examples)


BOMB = "<!DOCTYPE a [" + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(10)) + "]>"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<annotation>", BOMB + "<annotation>&e9;", r"2007\.xml, line 1: a document type is not read"),
        ("<annotation>", '<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotation>', "a document type is not read"),
        ("<annotation>", "<annotation>&e;", "line 1.*undefined entity"),
        ("<annotation>", "<annotation>" + "<a>" * 60 + "</a>" * 60, "nested more than 50 deep"),
        ("<annotation>", "<annotations>", "begin with <annotation>. Got <annotations>"),
        ("</annotation>", "", r"line 11, column \d+: this is no XML \(no element found\)"),
        ("174", "1e999", r"line 6: xmin must be a number of pixels\. Got '1e999'"),
        ("174", "0", "line 6: VOC counts pixels from 1, and this box begins at 0"),
        ("<ymin>101</ymin>", "", "line 6: ymin must be a number of pixels"),
        ("<ymax>351</ymax>", "<ymax>3</ymax>", "width and height above 0"),
        ("> person <", "><", "line 6: an object needs a name"),
        ("<pose>", "<pose>Up</pose><pose>", "<pose> stands twice"),
    ],
)
def test_voc_says_what_does_not_fit(old: str, new: str, message: str, tmp_path: Path) -> None:
    assert old in VOC_2012
    (tmp_path / "2007.xml").write_text(VOC_2012.replace(old, new, 1))
    with pytest.raises(InputError, match=message):
        list(exchange.get("voc").read(tmp_path))


@pytest.mark.parametrize("name", ["yolo", "voc"])
@pytest.mark.parametrize(
    "bad", ["../a.png", "/etc/a.png", "a/../../b.png", "a\\b.png", "", "a\nb.png", "x" * 300, "..", ".png", "C:x"]
)
def test_no_file_is_written_outside(name: str, bad: str, tmp_path: Path) -> None:
    examples = [Example("1", {"image": bad} | SIZE, (Answered({"boxes": []}),))]
    with pytest.raises(InputError, match="item 1: the image needs a file's name"):
        written(tmp_path, name, boxes_form("cat"), examples)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["yolo", "voc"])
def test_a_folder_is_not_written_over(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="this is there already"):
        written(tmp_path, name, boxes_form("cat"), [])
    assert [one.name for one in tmp_path.rglob("*")] == ["folder", "mine.txt"]
    with pytest.raises(InputError, match=r"images 'a\.png' and 'a\.jpg' would share one file"):
        written(tmp_path / "folder", name, boxes_form("cat"), [image("a.png"), image("a.jpg")])


@pytest.mark.parametrize("name", BOXES)
def test_items_must_have_images(name: str, tmp_path: Path) -> None:
    for value in (None, 5, ["a.png"]):
        broken = Example("1", {"image": value} | SIZE, (Answered({"boxes": []}),))
        with pytest.raises(InputError, match="item 1, field image: a text or a file's name is needed"):
            written(tmp_path, name, boxes_form("cat"), [broken])
    broken = Example("1", {"image": "a.png", "image_width": "wide", "image_height": "4"}, (Answered({"boxes": []}),))
    with pytest.raises(InputError, match="item 1, field image_width: a whole number of pixels is needed. Got 'wide'"):
        written(tmp_path, name, boxes_form("cat"), [broken])
    with pytest.raises(InputError, match="no question"):
        written(tmp_path, name, read_form({"questions": [{"name": "q", "title": "q", "task": {
            "type": "spans", "field": "text", "classes": [{"value": "a"}]}}]}), [text("1", "a")])  # fmt: skip
