import pytest

from experiments.train import session


def test_a_model_sees_images_of_the_chosen_size(task, change):
    half = session.make_task(change(image_size=14))
    images, labels = next(iter(half.batches(0, 0)))
    assert images.shape == (16, 14, 14, 1)
    whole, same = next(iter(task.batches(0, 0)))
    assert (labels.numpy() == same.numpy()).all()
    blocks = whole.numpy().reshape(16, 14, 2, 14, 2, 1).mean(axis=(2, 4))
    assert images.numpy() == pytest.approx(blocks, abs=1e-5)


@pytest.mark.parametrize("size", [13, 56])
def test_an_image_size_that_does_not_divide_is_refused(change, size):
    with pytest.raises(ValueError, match=f"28 x 28. Received: {size}"):
        session.make_task(change(image_size=size))


def test_a_negative_image_size_is_refused(change):
    with pytest.raises(ValueError, match="image_size should be 0 or more"):
        change(image_size=-2)


def test_a_batch_of_more_images_than_there_are_is_refused(change):
    with pytest.raises(
        ValueError, match=r"at most .* images, \d+\. Received: 16001"
    ):
        session.make_task(change(batch_size=16_001))
