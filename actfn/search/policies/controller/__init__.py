"""The recurrent controller and what PPO and REINFORCE share."""
