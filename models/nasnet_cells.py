"""The cells of NASNet-A; see `models.nasnet` for the sources."""

from dataclasses import dataclass

import keras
from keras import layers

from models.drop_path import ScheduledDropPath
from models.parts import Parts


def _pad(x: keras.KerasTensor, size: int) -> keras.KerasTensor:
    """Pads for a window of `size` with stride 2, as "same" would do."""
    sides = [(size // 2 - (1 - n % 2), size // 2) for n in x.shape[1:3]]
    return layers.ZeroPadding2D(tuple(sides))(x)


@dataclass
class Cells:
    """Makes the cells of one network.

    Args:
        parts: Makes the layers.
        number: Number of all cells, which scales the rate of drop-path.
        drop_path: Rate of drop-path in the last cell.
        steps: Training steps until drop-path has that rate.
    """

    parts: Parts
    number: int
    drop_path: float
    steps: int
    _made: int = 0

    def _drop(self, x: keras.KerasTensor) -> keras.KerasTensor:
        rate = self.drop_path * self._made / self.number
        return ScheduledDropPath(rate, self.steps)(x) if rate else x

    def _project(
        self, x: keras.KerasTensor, filters: int, act: bool = True
    ) -> keras.KerasTensor:
        x = self.parts.act(x) if act else x
        return self.parts.norm(self.parts.conv(x, filters, 1))

    def _fit(
        self, x: keras.KerasTensor, filters: int, act: bool = True
    ) -> keras.KerasTensor:
        """Projects `x` if its channels are not `filters`."""
        if x.shape[-1] == filters:
            return x
        return self._project(x, filters, act)

    def _separable(
        self, x: keras.KerasTensor, filters: int, size: int, strides: int = 1
    ) -> keras.KerasTensor:
        """Twice activation, separable convolution and batch norm."""
        parts = self.parts
        y = parts.act(x)
        if strides == 2:
            y = _pad(y, size)
            y = parts.separable_conv(y, filters, size, 2, padding="valid")
        else:
            y = parts.separable_conv(y, filters, size)
        y = parts.separable_conv(parts.norm_act(y), filters, size)
        return self._drop(parts.norm(y))

    def _average(self, x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
        x = layers.AveragePooling2D(3, strides=1, padding="same")(x)
        return self._drop(self._fit(x, filters, act=False))

    def _adjust(
        self, p: keras.KerasTensor | None, x: keras.KerasTensor, filters: int
    ) -> keras.KerasTensor:
        """Brings the output before the last one to the size of the last."""
        if p is None:
            return x
        if p.shape[1:3] == x.shape[1:3]:
            return self._fit(p, filters)
        p = self.parts.act(p)
        shifted = layers.ZeroPadding2D(((0, 1), (0, 1)))(p)
        shifted = layers.Cropping2D(((1, 0), (1, 0)))(shifted)
        halves = [
            self.parts.conv(
                layers.AveragePooling2D(1, strides=2)(half), filters // 2, 1
            )
            for half in (p, shifted)
        ]
        return self.parts.norm(layers.Concatenate()(halves))

    def normal(
        self, x: keras.KerasTensor, p: keras.KerasTensor | None, filters: int
    ) -> keras.KerasTensor:
        """Applies a normal cell to the last two outputs."""
        self._made += 1
        p = self._adjust(p, x, filters)
        h = self._project(x, filters)
        add = layers.Add
        blocks = [
            add()(
                [self._separable(h, filters, 5), self._separable(p, filters, 3)]
            ),
            add()(
                [self._separable(p, filters, 5), self._separable(p, filters, 3)]
            ),
            add()([self._average(h, filters), self._fit(p, filters)]),
            add()([self._average(p, filters), self._average(p, filters)]),
            add()([self._separable(h, filters, 3), h]),
        ]
        p = self._fit(p, filters, act=False)
        return layers.Concatenate()([p, *blocks])

    def reduction(
        self, x: keras.KerasTensor, p: keras.KerasTensor | None, filters: int
    ) -> keras.KerasTensor:
        """Applies a cell that halves the resolution."""
        self._made += 1
        p = self._adjust(p, x, filters)
        h = self._project(x, filters)
        padded = _pad(h, 3)
        add = layers.Add
        one = add()(
            [
                self._separable(h, filters, 5, strides=2),
                self._separable(p, filters, 7, strides=2),
            ]
        )
        two = add()(
            [
                self._drop(layers.MaxPooling2D(3, strides=2)(padded)),
                self._separable(p, filters, 7, strides=2),
            ]
        )
        three = add()(
            [
                self._drop(layers.AveragePooling2D(3, strides=2)(padded)),
                self._separable(p, filters, 5, strides=2),
            ]
        )
        four = add()([two, self._average(one, filters)])
        five = add()(
            [
                self._separable(one, filters, 3),
                self._drop(layers.MaxPooling2D(3, strides=2)(padded)),
            ]
        )
        return layers.Concatenate()([two, three, four, five])
