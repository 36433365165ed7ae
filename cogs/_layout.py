"""A Post as discord.py's components, one to one.

Refuses: wording and limits (the Post's).
"""

from __future__ import annotations

import discord
from discord import ui

from bot.models import Button, Line, Post, Row, Select, Text

ACCENT = discord.Colour(0xC2410C)


def layout(post: Post) -> ui.LayoutView:
    """The post as discord.py's components. Its buttons answer through `cogs._client.Action`, also after a
    restart, so the view itself need not be kept."""
    frame: ui.Container[ui.LayoutView] = ui.Container(accent_colour=ACCENT)
    for block in post.blocks:
        match block:
            case Text(content, Button() as beside):
                frame.add_item(ui.Section(content, accessory=_button(beside)))
            case Text(content):
                frame.add_item(ui.TextDisplay(content))
            case Line():
                frame.add_item(ui.Separator())
            case Row(buttons):
                row: ui.ActionRow[ui.LayoutView] = ui.ActionRow()
                for button in buttons:
                    row.add_item(_button(button))
                frame.add_item(row)
            case Select(custom_id, placeholder, options):
                menu: ui.Select[ui.LayoutView] = ui.Select(
                    custom_id=custom_id,
                    placeholder=placeholder,
                    options=[discord.SelectOption(value=value, label=label) for value, label in options],
                )
                frame.add_item(ui.ActionRow(menu))
    view = ui.LayoutView(timeout=None)
    view.add_item(frame)
    view.stop()
    return view


def _button(button: Button) -> ui.Button[ui.LayoutView]:
    style = discord.ButtonStyle.primary if button.primary else discord.ButtonStyle.secondary
    return ui.Button(
        label=button.label,
        url=button.url,
        custom_id=button.custom_id,
        disabled=button.disabled,
        style=discord.ButtonStyle.link if button.url else style,
    )
